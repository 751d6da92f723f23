"""Secrets that were replaced: still hidden in logs for as long as something lit may say them."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from deployments.models import Account, Run

_SECRETS = ("engine_key", "proxy_token_secret", "token_secret", "huggingface_token")
# The provider hands out lines of a container some time after it ended.
_LATE = timedelta(days=1)


def remember(account_id: int, values: Mapping[str, Any], now: datetime) -> None:
    """Keep, encrypted, what `values` are about to replace. In the transaction that writes them."""
    row = Account.objects.select_for_update().get(pk=account_id)
    gone = [getattr(row, name) for name in _SECRETS if name in values and getattr(row, name) != values[name]]
    kept = [*_pairs(row), *([now.isoformat(), value] for value in gone if value)]
    Account.objects.filter(pk=account_id).update(replaced_secrets=json.dumps(kept) if kept else "")


def replaced(account: Account) -> tuple[str, ...]:
    """The values that were replaced and may still be said."""
    return tuple(value for _, value in _pairs(account))


def forget(now: datetime) -> None:
    """Drop what was replaced more than a day ago where nothing lit is older than the change."""
    for pk in Account.objects.exclude(replaced_secrets="").values_list("pk", flat=True):
        with transaction.atomic():
            row = Account.objects.select_for_update().get(pk=pk)
            open_runs = Run.objects.filter(account=row, ended_at__isnull=True).order_by("first_seen_at")
            oldest = open_runs.values_list("first_seen_at", flat=True).first() or now
            horizon = min(oldest, now - _LATE)
            pairs = _pairs(row)
            kept = [pair for pair in pairs if datetime.fromisoformat(pair[0]) > horizon]
            if kept != pairs:
                text = json.dumps(kept) if kept else ""
                Account.objects.filter(pk=pk).update(replaced_secrets=text)


def _pairs(account: Account) -> list[list[str]]:
    """Time of the change (ISO, UTC) and value."""
    found: list[list[str]] = json.loads(account.replaced_secrets) if account.replaced_secrets else []
    return found

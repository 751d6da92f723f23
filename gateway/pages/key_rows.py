"""Keys as the list shows them, with their use of the last 30 days; a constant number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Sum

from gateway.models import ApiKey, UsageRecord

from .key_choices import SHORT_ASLEEP

WINDOW = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Use:
    """Requests and tokens of one key in the window. Tokens are the engine's own counts."""

    requests: int = 0
    tokens_in: int = 0
    tokens_out: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `ended` says why it opens nothing any more, empty while it works."""

    key: ApiKey
    ended: str
    asleep: str
    use: Use


def rows(keys: Sequence[ApiKey], *, now: datetime) -> list[Row]:
    """The lines of `keys`. One query."""
    use = use_of(keys, since=now - WINDOW)
    return [Row(key, ended(key, now), SHORT_ASLEEP[key.when_asleep], use.get(key.pk, Use())) for key in keys]


def ended(key: ApiKey, now: datetime) -> str:
    """Why the key opens nothing, in a word or two; empty where it works."""
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= now:
        return "expired"
    return "" if key.owner.is_active else "owner inactive"


def use_of(keys: Sequence[ApiKey], *, since: datetime) -> dict[int, Use]:
    """Use by key id since then; keys without any are left out."""
    found = (
        UsageRecord.objects.filter(key__in=[key.pk for key in keys], started_at__gte=since)
        .order_by()
        .values(key_number=F("key_id"))
        .annotate(requests=Count("pk"), tokens_in=Sum("prompt_tokens"), tokens_out=Sum("completion_tokens"))
    )
    return {
        row["key_number"]: Use(row["requests"], row["tokens_in"] or 0, row["tokens_out"] or 0)
        for row in found
    }

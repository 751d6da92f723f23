"""Writing the audit record."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import NoneType
from typing import Any

from django.utils import timezone

from deployments.models import Action, Deployment
from deployments.planning.power import Actor

from .redaction import redact

_SECRET = re.compile(r"(?:^|_)(?:SECRET|KEY|TOKEN|PASSWORD)$")
_HIDDEN = "***"


def record(
    actor: Actor,
    verb: str,
    *,
    summary: str,
    deployment: Deployment | None = None,
    target: str = "",
    details: Mapping[str, Any] | None = None,
    usd: Decimal | None = None,
) -> Action:
    """Add one line. Call it inside the transaction that makes the change, so that both stand or fall.

    `details` are shown to everybody who may read: `{field: {"before": …, "after": …}}` for what was changed,
    other names for what else there is to say. What looks like a secret is taken out, however deep it lies.
    """
    return Action.objects.create(
        at=timezone.now(),
        user_id=actor.user_id,
        actor_name=actor.name,
        key_id=actor.key_id,
        via=actor.via,
        address=actor.address or "",
        verb=verb,
        deployment=deployment,
        target=target[:80],
        summary=redact(summary, ()),
        details=_plain(dict(details or {})),
        usd=usd,
    )


def told_lately(verb: str, *, target: str, address: str, within: timedelta) -> bool:
    """True where such a line was written within this time. By the index of verbs."""
    same = Action.objects.filter(verb=verb, target=target[:80], address=address)
    return same.filter(at__gte=timezone.now() - within).exists()


def _plain(value: Any, name: str = "") -> Any:
    """A value as JSON has it, without secrets; dollars as text, as everywhere in JSON."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one, str(key)) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one, name) for one in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, str):
        return _HIDDEN if value and _SECRET.search(name) else redact(value, ())
    return value if isinstance(value, int | float | bool | NoneType) else str(value)


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The details of a change: what differs, before and after."""
    return {
        name: {"before": before.get(name), "after": value}
        for name, value in after.items()
        if before.get(name) != value
    }

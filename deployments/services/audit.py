"""Writing the audit record."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils import timezone

from deployments.models import Action, Deployment
from deployments.planning.power import Actor


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
    """Add one line. Call it inside the transaction that makes the change, so that both stand or fall."""
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
        summary=summary,
        details=dict(details or {}),
        usd=usd,
    )

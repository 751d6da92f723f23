"""What people read of a deployment and who answers for it: nothing that runs."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from deployments.models import Deployment
from deployments.planning.power import Actor, Scope

from . import audit
from .errors import bad_field, not_allowed
from .plain_secrets import refuse_secret_text

# The settings that are no part of a configuration, and what they are called in a sentence.
DESCRIBED = {
    "name": "name",
    "notes": "notes",
    "owner_id": "owner",
    "warm_up": "warm-up",
    "member_cap_usd": "cap for members",
}
_MOST_USD = 99_999_999


def described(deployment: Deployment) -> dict[str, Any]:
    """They as they are, ready for JSON."""
    return {field: _plain(getattr(deployment, field)) for field in DESCRIBED}


def _plain(value: Any) -> Any:
    """Dollars as text, as everywhere in JSON."""
    return f"{value:.2f}" if isinstance(value, Decimal) else value


def describe(deployment: Deployment, *, actor: Actor, **wanted: Any) -> Deployment:
    """Change some of `DESCRIBED`; what is not given stays. Raises Refused: not_allowed, invalid."""
    if not actor.may(Scope.ADMIN, deployment.slug):
        raise not_allowed("Configuration needs an admin.")
    given = {field: _given(field, value) for field, value in wanted.items()}
    changes = {field: value for field, value in given.items() if value != getattr(deployment, field)}
    if not changes:
        return deployment
    _check(changes)
    names = " and the ".join(DESCRIBED[field] for field in changes)
    with transaction.atomic():
        Deployment.objects.filter(pk=deployment.pk).update(**changes)
        audit.record(
            actor,
            "describe",
            deployment=deployment,
            summary=f"{actor.name} changed the {names} of {deployment.name}.",
            details={
                field: {"before": _plain(getattr(deployment, field)), "after": _plain(value)}
                for field, value in changes.items()
            },
        )
    for field, value in changes.items():
        setattr(deployment, field, value)
    return deployment


def _given(field: str, value: Any) -> Any:
    if field == "name":
        return value.strip()
    if field == "member_cap_usd" and value is not None:
        try:
            cap = Decimal(value).quantize(Decimal("0.01"))
        except InvalidOperation:
            return Decimal(0)  # refused below
        return cap if cap.is_finite() else Decimal(0)
    return value


def _check(changes: dict[str, Any]) -> None:
    for field in {"name", "notes"} & changes.keys():
        refuse_secret_text(field, changes[field])
    if "name" in changes and not 1 <= len(changes["name"]) <= 80:
        raise bad_field("name", "Give a name of 1 to 80 characters.")
    cap = changes.get("member_cap_usd")
    if cap is not None and not 0 < cap <= _MOST_USD:
        raise bad_field("member_cap_usd", "Give dollars such as 5 or 12.50, or leave it empty for no cap.")
    owner_id = changes.get("owner_id")
    if owner_id is not None and not get_user_model().objects.filter(pk=owner_id, is_active=True).exists():
        raise bad_field("owner_id", "Choose a person of this panel, or nobody.")

"""What people read of a deployment and who answers for it: nothing that runs."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from deployments.models import Deployment
from deployments.planning.power import Actor, Scope

from . import audit
from .errors import bad_field, not_allowed

# The settings that are no part of a configuration, and what they are called in a sentence.
DESCRIBED = {"name": "name", "notes": "notes", "owner_id": "owner", "warm_up": "warm-up"}


def described(deployment: Deployment) -> dict[str, Any]:
    """They as they are, ready for JSON."""
    return {field: getattr(deployment, field) for field in DESCRIBED}


def describe(deployment: Deployment, *, actor: Actor, **wanted: Any) -> Deployment:
    """Change some of `DESCRIBED`; what is not given stays. Raises Refused: not_allowed, invalid."""
    if not actor.may(Scope.ADMIN, deployment.slug):
        raise not_allowed("Configuration needs an admin.")
    given = {field: value.strip() if field == "name" else value for field, value in wanted.items()}
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
                field: {"before": getattr(deployment, field), "after": value}
                for field, value in changes.items()
            },
        )
    for field, value in changes.items():
        setattr(deployment, field, value)
    return deployment


def _check(changes: dict[str, Any]) -> None:
    if "name" in changes and not 1 <= len(changes["name"]) <= 80:
        raise bad_field("name", "Give a name of 1 to 80 characters.")
    owner_id = changes.get("owner_id")
    if owner_id is not None and not get_user_model().objects.filter(pk=owner_id, is_active=True).exists():
        raise bad_field("owner_id", "Choose a person of this panel, or nobody.")

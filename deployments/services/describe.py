"""The name and the notes of a deployment: what people read, nothing that runs."""

from django.db import transaction

from deployments.models import Deployment
from deployments.planning.power import Actor, Scope

from . import audit
from .errors import bad_field, not_allowed


def describe(
    deployment: Deployment, *, actor: Actor, name: str | None = None, notes: str | None = None
) -> Deployment:
    """Give it another name or other notes; None leaves one as it is. Raises Refused: not_allowed, invalid."""
    if not actor.may(Scope.ADMIN, deployment.slug):
        raise not_allowed("Configuration needs an admin.")
    if name is not None and not 1 <= len(name.strip()) <= 80:
        raise bad_field("name", "Give a name of 1 to 80 characters.")
    wanted = {"name": name.strip() if name is not None else None, "notes": notes}
    changes = {key: value for key, value in wanted.items() if value not in (None, getattr(deployment, key))}
    if not changes:
        return deployment
    with transaction.atomic():
        Deployment.objects.filter(pk=deployment.pk).update(**changes)
        audit.record(
            actor,
            "describe",
            deployment=deployment,
            summary=f"{actor.name} changed the {' and the '.join(changes)} of {deployment.name}.",
            details={
                key: {"before": getattr(deployment, key), "after": value} for key, value in changes.items()
            },
        )
    for key, value in changes.items():
        setattr(deployment, key, value)
    return deployment

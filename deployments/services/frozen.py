"""The freeze: everything out, nothing lit."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from deployments.models import Deployment, Freeze, Lease, LeaseEnd, StopKind, Wanted
from deployments.planning.power import Actor, Scope

from . import audit, enqueue
from .carry_out import begin_stop
from .errors import Refused, not_allowed


def current_freeze() -> Freeze | None:
    """The freeze that stands, if one does."""
    return Freeze.objects.filter(lifted_at__isnull=True).first()


def freeze(*, actor: Actor, reason: str = "") -> Freeze:
    """Turn everything off and let nothing be lit until an admin lifts it. Freezing twice is one freeze."""
    if not actor.may(Scope.OPERATE) or actor.deployments is not None:
        raise not_allowed("Freezing everything needs an operator.")
    now = timezone.now()
    try:
        with transaction.atomic():
            row = Freeze.objects.create(set_at=now, set_by_name=actor.name, reason=reason.strip()[:200])
            audit.record(
                actor, "freeze", summary=f"{actor.name} froze everything.", details={"reason": reason}
            )
    except IntegrityError:
        row = Freeze.objects.get(lifted_at__isnull=True)
    _put_everything_out(actor)
    return row


def _put_everything_out(actor: Actor) -> None:
    now = timezone.now()
    for deployment in Deployment.objects.filter(archived_at__isnull=True).select_related(
        "account", "live_release", "current_release"
    ):
        with transaction.atomic():
            Lease.objects.filter(deployment=deployment, ended_at__isnull=True).update(
                ended_at=now, end_reason=LeaseEnd.FROZEN
            )
            Deployment.objects.filter(pk=deployment.pk).update(wanted=Wanted.OFF)
            begin_stop(deployment, kind=StopKind.OFF, reason="frozen", by=actor.name, now=now, forced=True)
            enqueue.reconcile_soon(deployment.pk)


def lift_freeze(*, actor: Actor) -> None:
    """Let servers be lit again. Nothing is lit by this."""
    if not actor.may(Scope.ADMIN) or actor.deployments is not None:
        raise not_allowed("Lifting the freeze needs an admin.")
    with transaction.atomic():
        lifted = Freeze.objects.filter(lifted_at__isnull=True).update(
            lifted_at=timezone.now(), lifted_by_name=actor.name
        )
        if not lifted:
            raise Refused("not_frozen", "Nothing is frozen.", status=409)
        audit.record(actor, "lift_freeze", summary=f"{actor.name} lifted the freeze.")

"""The freeze: everything out, nothing lit."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from deployments.models import Deployment, Freeze, Lease, LeaseEnd, StopKind
from deployments.planning.power import Actor, Scope

from . import audit, enqueue, orphans
from .carry_out import begin_stop, want_off
from .errors import Refused, not_allowed
from .locking import locked


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
        words = f"{actor.name} put everything out again; it is frozen already."
        audit.record(actor, "freeze", summary=words, details={"reason": reason})
    _put_everything_out(actor)
    return row


def _put_everything_out(actor: Actor) -> None:
    now = timezone.now()
    for deployment_id in Deployment.objects.filter(archived_at__isnull=True).values_list("pk", flat=True):
        with transaction.atomic():
            deployment = locked(deployment_id)
            want_off(deployment, now)
            Lease.objects.filter(deployment=deployment, ended_at__isnull=True).update(
                ended_at=now, end_reason=LeaseEnd.FROZEN
            )
            begin_stop(deployment, kind=StopKind.OFF, reason="frozen", by=actor.name, now=now, forced=True)
            enqueue.reconcile_soon(deployment.pk)
    orphans.order_ours_out(orphans.FREEZE, now)


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
        # None can be open; were one, lifting the freeze must not light it.
        Lease.objects.filter(ended_at__isnull=True).update(
            ended_at=timezone.now(), end_reason=LeaseEnd.FROZEN
        )
        audit.record(actor, "lift_freeze", summary=f"{actor.name} lifted the freeze.")

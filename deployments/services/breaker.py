"""The breaker: a start that went wrong is put out and stays out until a person starts it again."""

from datetime import datetime

from django.db import transaction

from deployments.models import (
    OPEN_DEPLOYS,
    OPEN_WAKES,
    Deploy,
    Deployment,
    DeployStatus,
    Lease,
    LeaseEnd,
    Run,
    StopKind,
    Wake,
    WakeStatus,
    Wanted,
)
from deployments.planning.decide import Break
from deployments.planning.power import SYSTEM

from . import audit, enqueue

TITLES = {
    Break.BOOT_REPEATED: "It started a second time before it was ready",
    Break.BOOT_DIED: "The engine died before it was ready",
    Break.BOOT_TIMEOUT: "It was not ready in time",
    Break.NO_CAPACITY: "The provider had no machine for it",
    Break.ENGINE_DIED: "The engine died",
    Break.DEPLOY_FAILED: "The deploy failed",
    Break.WAKE_FAILED: "The provider refused to wake it",
}


def open_breaker(
    deployment: Deployment, *, reason: str, run_id: int | None, now: datetime, text: str = ""
) -> bool:
    """Turn the deployment off, end its leases as failed, close its wake and deploy. False where it is open
    already. One transaction: a worker that dies here leaves all of it or nothing."""
    run = Run.objects.filter(pk=run_id).first() if run_id is not None else None
    text = text or (run.engine_error if run is not None else "")
    with transaction.atomic():
        opened = Deployment.objects.filter(pk=deployment.pk, breaker_opened_at__isnull=True).update(
            breaker_opened_at=now,
            breaker_reason=reason,
            breaker_text=text[:4000],
            breaker_run=run,
            wanted=Wanted.OFF,
            stop_kind=StopKind.OFF,
            stop_requested_at=now,
            stop_by=SYSTEM.name,
            stop_reason="failed",
            stop_hard_at=now,
            stop_clear_since=None,
        )
        if not opened:
            return False
        Lease.objects.filter(deployment=deployment, ended_at__isnull=True).update(
            ended_at=now, end_reason=LeaseEnd.FAILED
        )
        Wake.objects.filter(deployment=deployment, status__in=OPEN_WAKES).update(
            status=WakeStatus.FAILED, finished_at=now, error=text[:2000]
        )
        Deploy.objects.filter(deployment=deployment, status__in=OPEN_DEPLOYS).update(
            status=DeployStatus.FAILED, finished_at=now
        )
        audit.record(
            SYSTEM,
            "breaker",
            deployment=deployment,
            summary=f"{deployment.name} was turned off: {title(reason)}.",
            details={"reason": reason, "text": text[:500]},
        )
        enqueue.reconcile_soon(deployment.pk)
    return True


def title(reason: str) -> str:
    """The plain words of a breaker's reason."""
    return TITLES.get(Break(reason), reason) if reason in set(Break) else reason

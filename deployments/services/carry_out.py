"""Carrying out one step. Every write is conditional on what the decision saw: a stale step does nothing."""

from datetime import datetime, timedelta
from functools import singledispatch

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Max, Q

from deployments.models import (
    OPEN_DEPLOYS,
    OPEN_DOWNLOADS,
    OPEN_WAKES,
    Deploy,
    Deployment,
    DeployStatus,
    DownloadStatus,
    Freeze,
    Lease,
    LeaseEnd,
    Release,
    Run,
    StopKind,
    Wake,
    WakeStatus,
    Wanted,
)
from deployments.planning import steps
from deployments.planning.power import SYSTEM, Via
from deployments.providers.base import Provider, ProviderError, scaled

from . import audit, auto_rollback, breaker, downloads, enqueue
from .facts import spec_of
from .locking import locked

log = structlog.get_logger(__name__)


@singledispatch
def carry_out(step: steps.Step, deployment: Deployment, provider: Provider, now: datetime) -> None:
    """Carry out `step`. Raises ProviderError where the provider refuses."""
    raise TypeError(f"no way to carry out {step!r}")


def note_refusal(deployment: Deployment, error: ProviderError) -> None:
    """Keep the provider's words where people see them."""
    type(deployment.account).objects.filter(pk=deployment.account_id).update(last_error=error.message[:2000])


@carry_out.register
def _(step: steps.RequestDeploy, deployment: Deployment, provider: Provider, now: datetime) -> None:
    release = Release.objects.get(deployment=deployment, number=step.release)
    try:
        with transaction.atomic():
            if not _is_still_missing(release, locked(deployment.pk), deployment):
                return
            row = Deploy.objects.create(
                deployment=deployment, release=release, replaces=deployment.live_release, created_at=now
            )
            enqueue.deploy_soon(row.pk)
    except IntegrityError:
        return  # another process was first; its row is found in the next round


def _is_still_missing(release: Release, row: Deployment, seen: Deployment) -> bool:
    """Whether the release is still not at the provider, as the decision saw. The row and its deploys are read
    one after the other: a deploy that ended in between is in neither, and a second one of the same release
    would end the container that is being lit."""
    there = (row.app_id, row.live_release_id) != (seen.app_id, seen.live_release_id)
    return not there and row.current_release_id == release.pk and row.stop_kind == StopKind.NONE


@carry_out.register
def _(step: steps.RunDeploy, deployment: Deployment, provider: Provider, now: datetime) -> None:
    enqueue.deploy_soon(step.deploy_id)


@carry_out.register
def _(step: steps.CancelDeploy, deployment: Deployment, provider: Provider, now: datetime) -> None:
    Deploy.objects.filter(pk=step.deploy_id, status__in=OPEN_DEPLOYS).update(
        status=DeployStatus.CANCELLED, finished_at=now, claim=""
    )


@carry_out.register
def _(step: steps.CreateWake, deployment: Deployment, provider: Provider, now: datetime) -> None:
    try:
        with transaction.atomic():
            newest = deployment.runs.order_by("-id").values_list("pk", flat=True).first()
            row = Wake.objects.create(
                deployment=deployment, lease_id=step.lease_id, created_at=now, runs_before=newest or 0
            )
            enqueue.hop_soon(row.pk)
    except IntegrityError:
        return


@carry_out.register
def _(step: steps.HopWake, deployment: Deployment, provider: Provider, now: datetime) -> None:
    enqueue.hop_soon(step.wake_id)


@carry_out.register
def _(step: steps.ResendWake, deployment: Deployment, provider: Provider, now: datetime) -> None:
    changed = Wake.objects.filter(pk=step.wake_id, status=WakeStatus.SENT, result_url="").update(
        status=WakeStatus.REQUESTED, sent_at=None, hop_claimed_until=None
    )
    if changed:
        enqueue.hop_soon(step.wake_id)


@carry_out.register
def _(step: steps.CloseWake, deployment: Deployment, provider: Provider, now: datetime) -> None:
    status = WakeStatus.DONE if step.done else WakeStatus.CANCELLED
    Wake.objects.filter(pk=step.wake_id, status__in=OPEN_WAKES).update(status=status, finished_at=now)


@carry_out.register
def _(step: steps.Ping, deployment: Deployment, provider: Provider, now: datetime) -> None:
    # Written first: a lost answer must not become a second ping in the next round.
    Deployment.objects.filter(pk=deployment.pk).update(last_ping_at=now)
    if Run.objects.filter(pk=step.run_id, ended_at__isnull=True, missing_since__isnull=True).exists():
        provider.ping(deployment.endpoint_url)


@carry_out.register
def _(step: steps.WarmUp, deployment: Deployment, provider: Provider, now: datetime) -> None:
    enqueue.warm_up_soon(step.run_id)


@carry_out.register
def _(step: steps.BeginStop, deployment: Deployment, provider: Provider, now: datetime) -> None:
    with transaction.atomic():
        row = locked(deployment.pk)
        if _still_right(row, step, now):
            begin_stop(row, kind=StopKind(step.kind), reason=step.reason, by=SYSTEM.name, now=now)
            enqueue.reconcile_soon(deployment.pk)


@carry_out.register
def _(step: steps.StopContainers, deployment: Deployment, provider: Provider, now: datetime) -> None:
    for container_id in step.container_ids:
        provider.stop_container(container_id, graceful=step.graceful)


@carry_out.register
def _(step: steps.TurnOff, deployment: Deployment, provider: Provider, now: datetime) -> None:
    name = spec_of(deployment).app_name
    provider.turn_off(name)
    _end_namesakes(name, provider)
    gone = {"app_id": "", "endpoint_url": "", "live_release": None, "maybe_deployed": False}
    Deployment.objects.filter(pk=deployment.pk).update(
        **gone, backlog=0, running_inputs=0, relit_warning=step.relit or deployment.relit_warning
    )
    # A weights download runs in the same app: its container is gone with it.
    deployment.downloads.filter(status__in=OPEN_DOWNLOADS).update(
        status=DownloadStatus.CANCELLED, finished_at=now
    )
    if step.relit:
        audit.record(
            SYSTEM,
            "turn_off",
            deployment=deployment,
            summary=f"{deployment.name} was lit again by requests that the provider rescheduled; turned off.",
        )
    enqueue.observe_soon(deployment.account_id)


def _end_namesakes(name: str, provider: Provider) -> None:
    """A hand-made `modal serve` or `modal run` of the same module has our name and is no deployed app: asking
    by name does not find it, and its containers would burn on."""
    try:
        for app_id in sorted({c.app_id for c in provider.containers() if c.app_name == name}):
            provider.end_app(app_id)
    except ProviderError as error:  # while a container is seen, the order is carried out again
        log.warning("turn_off.namesakes_unknown", app=name, error=error.message)


@carry_out.register
def _(step: steps.MarkClear, deployment: Deployment, provider: Provider, now: datetime) -> None:
    Deployment.objects.filter(pk=deployment.pk, stop_clear_since__isnull=True).exclude(
        stop_kind=StopKind.NONE
    ).update(stop_clear_since=now)


@carry_out.register
def _(step: steps.CloseStop, deployment: Deployment, provider: Provider, now: datetime) -> None:
    Deployment.objects.filter(pk=deployment.pk, stop_requested_at=deployment.stop_requested_at).update(
        stop_kind=StopKind.NONE, stop_requested_at=None, stop_clear_since=None, stop_hard_at=None
    )
    enqueue.reconcile_soon(deployment.pk)


@carry_out.register
def _(step: steps.OpenBreaker, deployment: Deployment, provider: Provider, now: datetime) -> None:
    breaker.open_breaker(deployment, reason=step.reason, run_id=step.run_id, now=now)


@carry_out.register
def _(step: steps.Restore, deployment: Deployment, provider: Provider, now: datetime) -> None:
    if auto_rollback.restore(deployment):
        enqueue.reconcile_soon(deployment.pk)


@carry_out.register
def _(step: steps.EndLeases, deployment: Deployment, provider: Provider, now: datetime) -> None:
    rows = Lease.objects.filter(pk__in=step.lease_ids, ended_at__isnull=True)
    if step.reason == LeaseEnd.UNTIL:
        rows = rows.filter(until__lte=now)  # one that was extended in this very moment goes on
    rows.update(ended_at=now, end_reason=LeaseEnd(step.reason))


@carry_out.register
def _(step: steps.StepDownload, deployment: Deployment, provider: Provider, now: datetime) -> None:
    downloads.step(step.download_id, spec_of(deployment).app_name, provider, now)


def want_off(deployment: Deployment, now: datetime) -> None:
    """Nobody wants it any more: no endpoint, and no weights download that would need one."""
    Deployment.objects.filter(pk=deployment.pk).update(wanted=Wanted.OFF, restoring=None)
    deployment.downloads.filter(status__in=OPEN_DOWNLOADS).update(
        status=DownloadStatus.CANCELLED, finished_at=now
    )


def _still_right(row: Deployment, step: steps.BeginStop, now: datetime) -> bool:
    """The order of the panel's own is written only if nobody started or extended since it was decided."""
    if step.reason in ("until", "released"):
        held = row.leases.filter(ended_at__isnull=True).filter(Q(until__isnull=True) | Q(until__gt=now))
        return not held.exists()
    if step.reason == "unclaimed":  # whoever came since it is ready, or holds it otherwise, keeps it
        ready_at = row.runs.filter(ended_at__isnull=True).aggregate(at=Max("ready_at"))["at"]
        left = Q(via=Via.GATEWAY, until__isnull=True, created_at__lte=ready_at or now)
        return ready_at is not None and not row.leases.filter(~left, ended_at__isnull=True).exists()
    forced = row.breaker_opened_at is not None or Freeze.objects.filter(lifted_at__isnull=True).exists()
    return forced or row.wanted == Wanted.OFF


def begin_stop(
    deployment: Deployment, *, kind: StopKind, reason: str, by: str, now: datetime, forced: bool = False,
    drain: timedelta | None = None,
) -> bool:  # fmt: skip
    """Write the stop order unless an equal or stronger one stands. A sleep drains until its hard instant: for
    `drain` of wall time, or as long as the deployment says."""
    limit_s = 0 if forced or kind == StopKind.OFF else spec_of(deployment).drain_limit_s
    limit = scaled(limit_s, deployment.account.speed) if drain is None else drain
    weaker = [StopKind.NONE] if kind == StopKind.SLEEP else [StopKind.NONE, StopKind.SLEEP]
    return bool(
        Deployment.objects.filter(pk=deployment.pk, stop_kind__in=weaker).update(
            stop_kind=kind,
            stop_requested_at=now,
            stop_by=by,
            stop_reason=reason,
            stop_forced=forced,
            stop_hard_at=now + limit,
            stop_clear_since=None,
            relit_warning=False,
        )
    )

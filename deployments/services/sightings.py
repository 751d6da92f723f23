"""From containers seen to runs: a run begins when its container is first seen and ends when it is gone."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.db import IntegrityError, transaction
from django.db.models import F, Max

from deployments.models import (
    OPEN_DOWNLOADS,
    OPEN_WAKES,
    Cause,
    Deployment,
    EndReason,
    Lease,
    Phase,
    PhaseName,
    Run,
    StopKind,
)
from deployments.planning.decide import Break
from deployments.planning.power import SYSTEM
from deployments.providers.base import ContainerFacts, EndedContainer, Provider

from . import audit, breaker, diagnosing, endings, notify, settle

log = structlog.get_logger(__name__)

# A container that is missing from one list is looked for once more before it counts as gone.
GONE_AFTER = timedelta(seconds=4)
# Two processes differ by less. What is lit is looked at every few seconds.
_JITTER_S, _ASSUMED_S = 1.0, 10.0


def see(deployment: Deployment, containers: Sequence[ContainerFacts], now: datetime) -> list[Run]:
    """Bring the runs up to date with the containers that exist; gives the runs that are not ended."""
    open_runs = {run.container_id: run for run in deployment.runs.filter(ended_at__isnull=True)}
    for container in containers:
        run = open_runs.get(container.container_id)
        if run is None and _may_be_a_download(deployment, container):
            continue  # whether it holds GPUs is told once it has started
        if run is None:
            run = _begin(deployment, container, now)
            if run is None:
                continue
            open_runs[container.container_id] = run
        _update(run, container, now)
    return [run for run in open_runs.values() if run.ended_at is None]


def _may_be_a_download(deployment: Deployment, container: ContainerFacts) -> bool:
    unknown = container.gpu_count is None and container.started_at is None
    return unknown and deployment.downloads.filter(status__in=OPEN_DOWNLOADS).exists()


def _begin(deployment: Deployment, container: ContainerFacts, now: datetime) -> Run | None:
    if Run.objects.filter(account=deployment.account, container_id=container.container_id).exists():
        return None  # it has ended for us already; a list that lags does not bring it back
    lease = _lease(deployment)
    cause = _cause(deployment, container, lease)
    try:
        with transaction.atomic():
            run = Run.objects.create(
                account=deployment.account,
                deployment=deployment,
                release=deployment.live_release,
                number=_next_number(deployment),
                container_id=container.container_id,
                cause=cause,
                lease=lease if cause in (Cause.LEASE, Cause.RESTART) else None,
                lit_for=_lit_for(cause, lease),
                reason=lease.reason if lease is not None else "",
                first_seen_at=container.enqueued_at or now,
                enqueued_at=container.enqueued_at,
                last_seen_at=now,
            )
            Phase.objects.create(run=run, name=PhaseName.QUEUED, started_at=run.first_seen_at)
            _report(run, deployment)
    except IntegrityError:
        return Run.objects.filter(account=deployment.account, container_id=container.container_id).first()
    return run


def _next_number(deployment: Deployment) -> int:
    return int(deployment.runs.aggregate(top=Max("number"))["top"] or 0) + 1


def _lease(deployment: Deployment) -> Lease | None:
    """The lease that a container seen now serves: that of the open wake, else the oldest open one."""
    wake = deployment.wakes.filter(status__in=OPEN_WAKES).select_related("lease").first()
    if wake is not None and wake.lease is not None:
        return wake.lease
    return deployment.leases.filter(ended_at__isnull=True).order_by("id").first()


def _cause(deployment: Deployment, container: ContainerFacts, lease: Lease | None) -> Cause:
    downloading = deployment.downloads.filter(status__in=OPEN_DOWNLOADS).exists()
    if downloading and container.gpu_count == 0:
        return Cause.DOWNLOAD
    if lease is None:
        return Cause.OUTSIDE
    before = deployment.runs.filter(lease=lease).exclude(cause=Cause.DOWNLOAD)
    wake = deployment.wakes.filter(status__in=OPEN_WAKES).first()
    again = before.filter(pk__gt=wake.runs_before) if wake is not None else before
    return Cause.RESTART if again.exists() else Cause.LEASE


def _lit_for(cause: Cause, lease: Lease | None) -> str:
    if cause is Cause.DOWNLOAD:
        return "weights download"
    return lease.holder_name if lease is not None else ""


def _report(run: Run, deployment: Deployment) -> None:
    if run.cause == Cause.OUTSIDE:
        words = f"{deployment.name} was lit from outside the panel; run {run.number} has no lease."
        notify.tell(
            "outside", words, deployment=deployment, facts={"run": run.number}, once=f"outside:{run.pk}",
            more="It burns money that nobody of the panel asked for; Sleep on its page puts it out.",
        )  # fmt: skip
        audit.record(
            SYSTEM,
            "outside_wake",
            deployment=deployment,
            target=f"run {run.number}",
            summary=words,
        )


def _update(run: Run, container: ContainerFacts, now: datetime) -> None:
    changes: dict[str, object] = {"last_seen_at": now, "missing_since": None}
    since = run.last_seen_at
    if run.started_at is None and container.started_at is not None:
        changes["started_at"] = run.started_at = container.started_at
        since = container.started_at
        Phase.objects.get_or_create(
            run=run, name=PhaseName.CONTAINER, defaults={"started_at": container.started_at}
        )
        if run.phase == PhaseName.QUEUED:
            changes["phase"] = run.phase = PhaseName.CONTAINER
    if run.started_at is not None and since is not None:
        changes["lit_s"] = F("lit_s") + _passed_s(since, now)
    Run.objects.filter(pk=run.pk).update(**changes)
    run.missing_since = None


def _passed_s(since: datetime, now: datetime) -> float:
    """Seconds between two looks; where the clock was moved back in between, what may have passed."""
    passed_s = (now - since).total_seconds()
    return max(0.0, passed_s) if passed_s > -_JITTER_S else _ASSUMED_S


def end_missing(
    deployment: Deployment, containers: Sequence[ContainerFacts], provider: Provider, now: datetime
) -> list[Run]:
    """End the runs whose container is gone. Called after the logs were read, so that a last word counts."""
    there = {container.container_id for container in containers}
    ended = []
    for run in deployment.runs.filter(ended_at__isnull=True).exclude(container_id__in=there):
        told = provider.ended_container(run.container_id)
        if told is not None and told.finished_at is not None:
            ended.append(end(run, deployment, told.finished_at, told, now))
        elif run.missing_since is None:
            Run.objects.filter(pk=run.pk).update(missing_since=now)
        elif now >= run.missing_since + GONE_AFTER:
            ended.append(end(run, deployment, run.missing_since, told, now))
    return ended


def end(run: Run, deployment: Deployment, at: datetime, told: EndedContainer | None, now: datetime) -> Run:
    """Close one run: its end, its reason, its cost. A death that nobody ordered opens the breaker, in the
    same transaction, so that nothing lights it again."""
    deployment.refresh_from_db()
    if told is not None and told.started_at is not None:
        run.started_at = run.started_at or told.started_at
    at = max(at, run.first_seen_at)
    reason = endings.reason(run, deployment, at)
    with transaction.atomic():
        changed = Run.objects.filter(pk=run.pk, ended_at__isnull=True).update(
            ended_at=at,
            end_reason=reason,
            started_at=run.started_at,
            end_text=run.engine_error[:4000],
            **settle.closing(run, at),
        )
        if changed:
            diagnosing.at_end(run, deployment, reason, at)
        if changed and reason in endings.BREAKS and not _told_already(deployment):
            breaker.open_breaker(deployment, reason=endings.BREAKS[reason], run_id=run.pk, now=now)
    run.ended_at, run.end_reason = at, reason
    log.info("run.ended", deployment=deployment.slug, run=run.number, reason=str(EndReason(reason).value))
    return run


def _told_already(deployment: Deployment) -> bool:
    """True while an earlier break is still being carried out: this is its end, no new one. Whoever started
    again in the meantime keeps that start."""
    return deployment.stop_kind != StopKind.NONE and deployment.stop_reason == "failed"


def amend_deaths(deployment: Deployment, now: datetime) -> None:
    """A run that was taken for gone, and whose last words came late: its engine had died."""
    late = deployment.runs.filter(
        engine_died_at__isnull=False, end_reason__in=[EndReason.GONE, EndReason.IDLE]
    )
    for run in late:
        with transaction.atomic():
            Run.objects.filter(pk=run.pk).update(end_reason=EndReason.ENGINE_DIED, end_text=run.engine_error)
            newer = deployment.leases.filter(ended_at__isnull=True, created_at__gt=run.ended_at)
            if not newer.exists() and not _told_already(deployment):
                breaker.open_breaker(deployment, reason=Break.ENGINE_DIED, run_id=run.pk, now=now)

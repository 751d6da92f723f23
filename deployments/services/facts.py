"""Loading everything a decision is made from."""

from datetime import datetime, timedelta

from django.db.models import Sum

from deployments.models import (
    OPEN_DEPLOYS,
    OPEN_DOWNLOADS,
    OPEN_WAKES,
    Cause,
    Deploy,
    Deployment,
    Freeze,
    InFlight,
    Lease,
    Run,
    StopKind,
    Wanted,
)
from deployments.planning import facts as pure
from deployments.planning.spec import Spec

from .expected import windows

# A deploy whose worker has not been heard of for this long is anybody's.
DEPLOY_STALE = timedelta(seconds=15)
# A gateway process that has not reported for this long is dead.
IN_FLIGHT_STALE = timedelta(seconds=5)


def spec_of(deployment: Deployment) -> Spec:
    """The spec that is or would be deployed: of the live release, else the current one, else the draft."""
    release = deployment.live_release or deployment.current_release
    return Spec.from_json(release.spec if release is not None else deployment.config)


def load(deployment: Deployment, now: datetime) -> pure.Facts:
    """The facts of one deployment at `now`. `deployment` comes with its account and releases selected."""
    return pure.Facts(
        now=now,
        windows=windows(deployment, spec_of(deployment)),
        wanted_on=deployment.wanted == Wanted.ON,
        frozen=Freeze.objects.filter(lifted_at__isnull=True).exists(),
        blind=deployment.account.blind_since is not None,
        breaker_open=deployment.breaker_opened_at is not None,
        current_release=deployment.current_release.number if deployment.current_release else None,
        live_release=deployment.live_release.number if deployment.live_release else None,
        app_exists=bool(deployment.app_id),
        leases=_leases(deployment),
        stop=_stop(deployment, now),
        deploy=_deploy(deployment, now),
        wake=_wake(deployment, now),
        download=_download(deployment, now),
        containers=_containers(deployment),
        backlog=deployment.backlog,
        running_inputs=deployment.running_inputs,
        in_flight=in_flight(deployment, now),
        observed_at=deployment.observed_at,
        last_use_at=deployment.last_use_at,
        last_ping_at=deployment.last_ping_at,
    )


def in_flight(deployment: Deployment, now: datetime) -> int:
    """Requests that live gateway processes are forwarding to it now."""
    rows = InFlight.objects.filter(deployment=deployment, updated_at__gt=now - IN_FLIGHT_STALE)
    return int(rows.aggregate(total=Sum("count"))["total"] or 0)


def _leases(deployment: Deployment) -> tuple[pure.LeaseFact, ...]:
    leases = list(Lease.objects.filter(deployment=deployment, ended_at__isnull=True).order_by("id"))
    if not leases:
        return ()
    ended = list(
        Run.objects.filter(deployment=deployment, ended_at__gte=leases[0].created_at)
        .exclude(cause=Cause.DOWNLOAD)
        .values_list("ended_at", flat=True)
    )
    return tuple(
        pure.LeaseFact(
            id=lease.id,
            created_at=lease.created_at,
            until=lease.until,
            runs_ended=sum(at is not None and at >= lease.created_at for at in ended),
        )
        for lease in leases
    )


def _stop(deployment: Deployment, now: datetime) -> pure.StopFact | None:
    if deployment.stop_kind == StopKind.NONE or deployment.stop_requested_at is None:
        return None
    return pure.StopFact(
        kind=pure.Stop(deployment.stop_kind),
        requested_at=deployment.stop_requested_at,
        hard_at=deployment.stop_hard_at or deployment.stop_requested_at,
        clear_since=deployment.stop_clear_since,
    )


def _deploy(deployment: Deployment, now: datetime) -> pure.DeployFact | None:
    row = deployment.deploys.filter(status__in=OPEN_DEPLOYS).select_related("release").first()
    if row is None:
        return None
    return pure.DeployFact(
        id=row.id, release=row.release.number, busy=deploy_busy(row, now), retry_at=row.retry_at
    )


def deploy_busy(row: Deploy, now: datetime) -> bool:
    """True while a worker holds the deploy and has been heard of lately."""
    return row.heartbeat_at is not None and bool(row.claim) and row.heartbeat_at > now - DEPLOY_STALE


def _wake(deployment: Deployment, now: datetime) -> pure.WakeFact | None:
    row = deployment.wakes.filter(status__in=OPEN_WAKES).first()
    if row is None:
        return None
    boots = Run.objects.filter(deployment=deployment, first_seen_at__gte=row.created_at).exclude(
        cause=Cause.DOWNLOAD
    )
    return pure.WakeFact(
        id=row.id,
        sent_at=row.sent_at,
        sends=row.sends,
        has_result_url=bool(row.result_url),
        hop_busy=row.hop_claimed_until is not None and row.hop_claimed_until > now,
        boots=boots.count(),
    )


def _download(deployment: Deployment, now: datetime) -> pure.DownloadFact | None:
    row = deployment.downloads.filter(status__in=OPEN_DOWNLOADS).first()
    if row is None:
        return None
    busy = row.claimed_until is not None and row.claimed_until > now
    return pure.DownloadFact(id=row.id, call_id=row.call_id, busy=busy)


def _containers(deployment: Deployment) -> tuple[pure.ContainerFact, ...]:
    runs = Run.objects.filter(deployment=deployment, ended_at__isnull=True).order_by("id")
    return tuple(
        pure.ContainerFact(
            run_id=run.id,
            container_id=run.container_id,
            first_seen_at=run.first_seen_at,
            started_at=run.started_at,
            ready_at=run.ready_at,
            engine_died=run.engine_died_at is not None,
            serves=run.cause != Cause.DOWNLOAD,
        )
        for run in runs
    )

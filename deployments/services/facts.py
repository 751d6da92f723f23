"""From rows to the plain values that a decision is made from."""

from datetime import datetime, timedelta

from deployments.models import Account, Cause, Deploy, Deployment, EndReason, Lease, Run, StopKind, Wanted
from deployments.planning import facts as pure
from deployments.planning.power import Via
from deployments.planning.spec import Spec
from deployments.providers.base import scaled

from .downloads import CLAIM
from .expected import windows

# A deploy whose worker has not been heard of for this long is anybody's.
DEPLOY_STALE = timedelta(seconds=15)
# The provider answers a long request after 150 s of its own time; then a margin for the way.
HOP_S, HOP_MARGIN = 150.0, timedelta(seconds=25)
# While nothing moves, one look a minute of the provider's time.
QUIET_S = 60.0
UNSEEN_MARGIN = timedelta(seconds=30)
# The longest that a warm-up takes, in seconds of life.
WARM_UP_LIMIT_S = 120.0
# What somebody asked for is warmed up; what came from outside is left alone.
WARMED = (Cause.LEASE, Cause.RESTART)
# Ends that were decided while it was still there: ordered, or by the breaker, which ends the leases of then.
DECIDED = {
    EndReason.SLEPT,
    EndReason.TURNED_OFF,
    EndReason.FROZEN,
    EndReason.UNTIL,
    EndReason.BOOT_FAILED,
    EndReason.BOOT_TIMEOUT,
    EndReason.ENGINE_DIED,
}

# Ends that somebody ordered. A lease that is open after such an end was asked for while it went out: that
# run was never its own, and it is still to be lit.
_ORDERED_ENDS = {
    EndReason.SLEPT, EndReason.TURNED_OFF, EndReason.FROZEN, EndReason.UNTIL, EndReason.REPLACED,
    EndReason.BUDGET,
}  # fmt: skip


def spec_of(deployment: Deployment) -> Spec:
    """The spec that is or would be deployed: of the live release, else the current one, else the draft."""
    release = deployment.live_release or deployment.current_release
    return Spec.from_json(release.spec if release is not None else deployment.config)


def app_name_of(deployment: Deployment) -> str:
    """The app's name in that spec, without reading all of it: every look asks it of every deployment."""
    release = deployment.live_release or deployment.current_release
    values = release.spec if release is not None else deployment.config
    return str(values.get("app_name") or spec_of(deployment).app_name)


def longest_context(deployment: Deployment) -> int | None:
    """The most tokens of a request and its answer, whichever of its releases answers next; None where one of
    them names no limit. A start deploys the current release, so the live one alone does not say it."""
    releases = [row for row in (deployment.live_release, deployment.current_release) if row is not None]
    limits: list[int | None] = [row.spec.get("max_model_len") for row in releases]
    known = [limit for limit in limits if limit is not None]
    return max(known) if known and len(known) == len(limits) else None


def facts_of(
    deployment: Deployment, now: datetime, *, frozen: bool, prices_stale: bool = False
) -> pure.Facts:
    """The facts of one deployment that came from `loading.with_facts`. No query."""
    return pure.Facts(
        now=now,
        windows=windows(deployment, spec_of(deployment)),
        wanted_on=deployment.wanted == Wanted.ON,
        frozen=frozen,
        blind=blind(deployment.account, now),
        prices_stale=prices_stale,
        breaker_open=deployment.breaker_opened_at is not None,
        current_release=deployment.current_release.number if deployment.current_release else None,
        live_release=deployment.live_release.number if deployment.live_release else None,
        restoring=deployment.restoring.number if deployment.restoring else None,
        app_exists=bool(deployment.app_id),
        maybe_deployed=deployment.maybe_deployed,
        leases=_leases(deployment),
        stop=_stop(deployment),
        deploy=_deploy(deployment, now),
        wake=_wake(deployment, now),
        download=_download(deployment, now),
        containers=_containers(deployment, now),
        backlog=deployment.backlog,
        running_inputs=deployment.running_inputs,
        in_flight=sum(row.count for row in deployment.flying),
        waiting=sum(row.waiting for row in deployment.flying),
        observed_at=deployment.observed_at,
        last_use_at=deployment.last_use_at,
        last_ping_at=deployment.last_ping_at,
    )


def blind(account: Account, now: datetime) -> bool:
    """True while the provider cannot be read, or nobody has looked for three quiet periods."""
    if account.blind_since is not None or account.seen_at is None:
        return True
    return now > account.seen_at + scaled(3 * QUIET_S, account.speed) + UNSEEN_MARGIN


def _leases(deployment: Deployment) -> tuple[pure.LeaseFact, ...]:
    return tuple(
        pure.LeaseFact(
            id=lease.pk,
            created_at=lease.created_at,
            until=lease.until,
            runs_ended=sum(_served(run, lease) for run in deployment.recent_runs),
            by_request=lease.via == Via.GATEWAY,
        )
        for lease in deployment.open_leases
    )


def _served(run: Run, lease: Lease) -> bool:
    """True where the run was this lease's and is over. One that was being put out when the lease began was
    not."""
    if run.ended_at is None or run.ended_at < lease.created_at:
        return False
    return run.first_seen_at >= lease.created_at or run.end_reason not in DECIDED


def _stop(deployment: Deployment) -> pure.StopFact | None:
    if deployment.stop_kind == StopKind.NONE or deployment.stop_requested_at is None:
        return None
    return pure.StopFact(
        kind=pure.Stop(deployment.stop_kind),
        requested_at=deployment.stop_requested_at,
        hard_at=deployment.stop_hard_at or deployment.stop_requested_at,
        clear_since=deployment.stop_clear_since,
    )


def _deploy(deployment: Deployment, now: datetime) -> pure.DeployFact | None:
    return next(
        (
            pure.DeployFact(
                id=row.pk, release=row.release.number, busy=deploy_busy(row, now), retry_at=row.retry_at
            )
            for row in deployment.open_deploys
        ),
        None,
    )


def deploy_busy(row: Deploy, now: datetime) -> bool:
    """True while a worker holds the deploy and has been heard of lately. A time in the future is from before
    somebody moved the clock back."""
    return row.heartbeat_at is not None and bool(row.claim) and abs(now - row.heartbeat_at) < DEPLOY_STALE


def _wake(deployment: Deployment, now: datetime) -> pure.WakeFact | None:
    if not deployment.open_wakes:
        return None
    row = deployment.open_wakes[0]
    runs = [run for run in deployment.open_runs if run.cause != Cause.DOWNLOAD] + deployment.recent_runs
    return pure.WakeFact(
        id=row.pk,
        sent_at=row.sent_at,
        sends=row.sends,
        has_result_url=bool(row.result_url),
        hop_busy=_held(row.hop_claimed_until, now, scaled(HOP_S, deployment.account.speed) + HOP_MARGIN),
        boots=sum(run.pk > row.runs_before for run in runs),
    )


def _held(until: datetime | None, now: datetime, longest: timedelta) -> bool:
    """True while a claim holds; one that runs longer than any was written before the clock was moved back."""
    return until is not None and now < until <= now + longest


def _download(deployment: Deployment, now: datetime) -> pure.DownloadFact | None:
    if not deployment.open_downloads:
        return None
    row = deployment.open_downloads[0]
    busy = _held(row.claimed_until, now, 2 * CLAIM)
    return pure.DownloadFact(id=row.pk, call_id=row.call_id, busy=busy)


def warm_up_under_way(run: Run, now: datetime) -> bool:
    """True while what works on it may be the warm-up; a worker that died at it is not waited for."""
    if run.warm_up_at is None or run.warmed_at is not None:
        return False
    return run.warm_up_at <= now < run.warm_up_at + timedelta(seconds=WARM_UP_LIMIT_S)


def _containers(deployment: Deployment, now: datetime) -> tuple[pure.ContainerFact, ...]:
    return tuple(
        pure.ContainerFact(
            run_id=run.pk,
            container_id=run.container_id,
            first_seen_at=run.first_seen_at,
            started_at=run.started_at,
            ready_at=run.ready_at,
            engine_died=run.engine_died_at is not None,
            serves=run.cause != Cause.DOWNLOAD,
            warm_up_due=deployment.warm_up and run.warm_up_at is None and run.cause in WARMED,
            warming=warm_up_under_way(run, now),
            warmed_at=run.warmed_at,
        )
        for run in deployment.open_runs
    )

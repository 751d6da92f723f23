"""Situations with readable names: Facts built from what a test cares about, everything else at rest."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from deployments.planning.facts import (
    ContainerFact,
    DeployFact,
    DownloadFact,
    Facts,
    LeaseFact,
    Stop,
    StopFact,
    WakeFact,
    Windows,
)

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

# The built-in preset at the speed of life: 15 min idle, three times 275 s to be ready.
WINDOWS = Windows(
    idle=timedelta(minutes=15),
    boot_deadline=timedelta(seconds=825),
    queue_deadline=timedelta(minutes=30),
    drain=timedelta(seconds=120),
    relight_watch=timedelta(seconds=60),
    resend_after=timedelta(seconds=210),
    tick=timedelta(seconds=5),
)


def s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


A_MINUTE, TEN_SECONDS = minutes(1), s(10)


def asleep(**changes: Any) -> Facts:
    """Release 1 is deployed, nothing is lit, nobody wants anything; seen two seconds ago."""
    rest = Facts(
        now=NOON,
        windows=WINDOWS,
        wanted_on=True,
        current_release=1,
        live_release=1,
        app_exists=True,
        observed_at=NOON - s(2),
    )
    return replace(rest, **changes)


def off(**changes: Any) -> Facts:
    """Nothing is deployed and nothing is wanted."""
    return replace(asleep(wanted_on=False, live_release=None, app_exists=False), **changes)


def started(**changes: Any) -> Facts:
    """Off a moment ago; somebody has asked for it until idle."""
    return replace(off(wanted_on=True, leases=(until_idle(),)), **changes)


def until_idle(number: int = 1, *, runs_ended: int = 0) -> LeaseFact:
    return LeaseFact(number, NOON - minutes(10), None, runs_ended)


def until(end: datetime, number: int = 1, *, runs_ended: int = 0) -> LeaseFact:
    return LeaseFact(number, NOON - minutes(10), end, runs_ended)


def booting(since: timedelta = A_MINUTE, run_id: int = 7, **changes: Any) -> ContainerFact:
    began = NOON - since
    return replace(ContainerFact(run_id, f"ta-{run_id}", began, began, None), **changes)


def queued(since: timedelta = A_MINUTE, run_id: int = 7) -> ContainerFact:
    return booting(since, run_id, started_at=None)


def ready(since: timedelta = A_MINUTE, run_id: int = 7, **changes: Any) -> ContainerFact:
    """A container that has answered for `since`, after a boot of 275 s."""
    began = NOON - since - s(275)
    return replace(ContainerFact(run_id, f"ta-{run_id}", began, began, NOON - since), **changes)


def asked(**changes: Any) -> WakeFact:
    """A wake whose request has not left yet."""
    return replace(WakeFact(3, None, 0, has_result_url=False, hop_busy=False), **changes)


def sent(ago: timedelta = A_MINUTE, **changes: Any) -> WakeFact:
    """A wake whose request has left, with no result URL yet."""
    return replace(asked(sent_at=NOON - ago, sends=1), **changes)


def waking(**changes: Any) -> Facts:
    """One lease, one wake under way, its container boots."""
    rest = asleep(
        leases=(until_idle(),),
        wake=sent(has_result_url=True, hop_busy=True, boots=1),
        containers=(booting(),),
    )
    return replace(rest, **changes)


def lit(**changes: Any) -> Facts:
    """Ready for a minute under a lease until idle."""
    return replace(asleep(leases=(until_idle(),), containers=(ready(),)), **changes)


def deploy(**changes: Any) -> DeployFact:
    return replace(DeployFact(5, 1, busy=False), **changes)


def download(**changes: Any) -> DownloadFact:
    return replace(DownloadFact(9, "", busy=False), **changes)


def stop(
    kind: Stop,
    *,
    ago: timedelta = TEN_SECONDS,
    hard_in: timedelta | None = None,
    clear_for: timedelta | None = None,
) -> StopFact:
    """A stop order of `ago`. It turns hard in `hard_in`, by default after the drain limit; off at once."""
    requested = NOON - ago
    drain = WINDOWS.drain if kind is Stop.SLEEP else timedelta(0)
    hard = requested + drain if hard_in is None else NOON + hard_in
    return StopFact(kind, requested, hard, None if clear_for is None else NOON - clear_for)

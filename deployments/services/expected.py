"""Expected durations of a deployment: from its own history, else from its spec, at its account's speed."""

from dataclasses import dataclass
from datetime import timedelta
from statistics import median, quantiles

from deployments.models import Deployment
from deployments.planning.facts import Windows
from deployments.planning.spec import Spec
from deployments.providers.base import scaled

# A client is told to come back within a minute of its own time (gateway/door/refusals.py).
LONGEST_RETRY = timedelta(seconds=60)
# Own history counts from this many ready runs on.
ENOUGH_RUNS = 5


@dataclass(frozen=True, slots=True)
class BootTime:
    """Seconds from the wake to ready, as wall time.

    `runs` is how many starts it is taken from, 0 where the spec's figure is used; `of_release` says that all
    of them were of the release that a start would light.
    """

    p50_s: float
    p90_s: float
    p99_s: float
    runs: int
    of_release: bool = False


def boot_time(deployment: Deployment, spec: Spec) -> BootTime:
    """Time to ready of a deployment from `loading.with_facts`.

    From five starts of its release on, those; else of all its releases, from five on; else the preset's
    figure, and as p90 1.35 times that, a margin.
    """
    boots = [(run.release_id, run.ready_at, run.first_seen_at) for run in deployment.boots]
    ready = [(release, (at - seen).total_seconds()) for release, at, seen in boots if at is not None]
    same = [seconds for release, seconds in ready if release == deployment.current_release_id]
    of_release = len(same) >= ENOUGH_RUNS
    times = same if of_release else [seconds for _, seconds in ready]
    if len(times) < ENOUGH_RUNS:
        expected = scaled(spec.expected_boot_s, deployment.account.speed).total_seconds()
        return BootTime(expected, expected * 1.35, expected * 1.35, 0)
    cuts = quantiles(times, n=100, method="inclusive")
    return BootTime(median(times), cuts[89], cuts[98], len(times), of_release)


def boot_deadline(deployment: Deployment, spec: Spec, boot: BootTime) -> timedelta:
    """Three times the own p99, else three times the preset's time; more where weights are still absent;
    never beyond the startup limit that the provider itself enforces."""
    deadline = timedelta(seconds=3 * (boot.p99_s if boot.runs else boot.p50_s))
    if deployment.weights_present is not True:
        factor = 3 if deployment.weights_present is False else 1
        deadline += scaled(factor * spec.expected_download_s, deployment.account.speed)
    return min(deadline, scaled(spec.startup_timeout_s, deployment.account.speed))


def windows(deployment: Deployment, spec: Spec) -> Windows:
    """The deployment's windows as wall time. `tick` is the reconciler's period, in wall seconds."""
    speed = deployment.account.speed
    return Windows(
        idle=scaled(spec.idle_window_s, speed),
        boot_deadline=boot_deadline(deployment, spec, boot_time(deployment, spec)),
        queue_deadline=scaled(1800, speed),
        drain=scaled(spec.drain_limit_s, speed),
        relight_watch=scaled(60, speed),
        resend_after=scaled(200, speed) + timedelta(seconds=10),
        tick=timedelta(seconds=5),
        claim=scaled(120, speed) + LONGEST_RETRY,
    )

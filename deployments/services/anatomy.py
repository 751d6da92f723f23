"""Cold starts side by side: a run beside its release, the last starts in their order, two releases."""

from collections.abc import Mapping
from dataclasses import dataclass

from deployments.models import Deployment, Release, Run, SlowPhase
from deployments.planning.starts.backtest import Within, backtest
from deployments.planning.starts.medians import Beside, beside, side_by_side
from deployments.planning.starts.start import Start

from . import costs, starts
from .errors import not_found
from .slow_words import slow_view
from .starts import OfRelease
from .views import SlowView

TREND = 40
# Where estimates are tested: as the wake was asked for, and as these phases began.
_TESTED_AT = ("", "weights", "warmup")


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What a run stands beside: the other starts of its release, and those of the release before it that
    became ready. None where there is no such release; medians of no start where there was no other start."""

    release: OfRelease | None
    before: OfRelease | None


@dataclass(frozen=True, slots=True)
class Tested:
    """How good estimates were that were made as `phase` began, or (empty) as the wake was asked for."""

    phase: str
    within: Within


@dataclass(frozen=True, slots=True)
class Trend:
    """The last starts, oldest first, what was slow in them by run, and how good the estimates were."""

    starts: tuple[Start, ...]
    slow: Mapping[int, tuple[SlowView, ...]]
    tested: tuple[Tested, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two releases; `ready` is the whole way, `phases` each step of it."""

    first: OfRelease
    second: OfRelease
    phases: tuple[Beside, ...]
    ready: Beside


def neighbours(deployment: Deployment, run_id: int) -> Neighbours:
    """What the run stands beside. Seven queries at most."""
    row = Run.objects.select_related("release").filter(pk=run_id, deployment=deployment).first()
    if row is None or row.release is None:
        return Neighbours(None, None)
    prices = costs.book(deployment.account)
    own = starts.of_release(deployment, row.release, prices, without=row.pk)
    older = starts.release_before(deployment, row.release)
    return Neighbours(own, starts.of_release(deployment, older, prices) if older is not None else None)


def trend(deployment: Deployment, limit: int = TREND) -> Trend:
    """The last `limit` starts. Four queries, however many there are."""
    found = starts.newest(deployment, costs.book(deployment.account), limit=max(limit, starts.HISTORY))
    shown = found[:limit]
    slow: dict[int, list[SlowView]] = {}
    for row in SlowPhase.objects.filter(run__in=[start.id for start in shown]):
        slow.setdefault(row.run_id, []).append(slow_view(row))
    tested = [(phase, backtest(found, phase)) for phase in _TESTED_AT]
    return Trend(
        starts=tuple(reversed(shown)),
        slow={run_id: tuple(views) for run_id, views in slow.items()},
        tested=tuple(Tested(phase, within) for phase, within in tested if within is not None),
    )


def compare(deployment: Deployment, first: int | None = None, second: int | None = None) -> Comparison:
    """Two releases by their numbers, without them the two newest that ever became ready. Seven queries.
    Raises Refused 404 for a number that there is not, and where no two ever became ready."""
    if first is None or second is None:
        newest = starts.releases_that_lit(deployment)[:2]
        if len(newest) < 2:
            raise not_found("A second release that became ready")
        return compared(deployment, newest[1], newest[0])
    found = {row.number: row for row in deployment.releases.filter(number__in=[first, second])}
    for number in (first, second):
        if number not in found:
            raise not_found(f"Release {number}")
    return compared(deployment, found[first], found[second])


def compared(deployment: Deployment, first: Release, second: Release) -> Comparison:
    """Two releases, from their newest starts. Five queries."""
    prices = costs.book(deployment.account)
    one, other = (starts.of_release(deployment, release, prices) for release in (first, second))
    return Comparison(
        first=one,
        second=other,
        phases=tuple(side_by_side(one.medians, other.medians)),
        ready=beside("ready", one.ready, other.ready),
    )

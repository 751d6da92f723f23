"""Past starts of a deployment, read from its runs: always so many, however long its history."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from django.db.models import QuerySet, prefetch_related_objects

from deployments.ledger.prices import PriceBook, Resources
from deployments.models import Cause, Deployment, PhaseName, Release, Run
from deployments.planning.starts.medians import Median, Medians, medians
from deployments.planning.starts.start import NEWEST, PHASES, WARM_UP_REQUESTS, Start, basis

from . import costs
from .phase_spans import span_usd, spans

# The newest starts that are asked for those of one release.
HISTORY = 50
# A start without any of these is one whose log was not read: its phases say nothing.
_TOLD_BY_THE_LOG = frozenset({PhaseName.WEIGHTS, PhaseName.COMPILE, PhaseName.WARMUP, PhaseName.SERVER})


@dataclass(frozen=True, slots=True)
class Usual:
    """The median seconds of each phase, from `starts` starts; where that is 0, the recipe's shares hold."""

    seconds: Mapping[str, float] = field(default_factory=dict)
    starts: int = 0
    of_release: bool = False


@dataclass(frozen=True, slots=True)
class OfRelease:
    """The newest starts of one release, as medians."""

    release: int
    medians: Medians

    @property
    def n(self) -> int:
        """How many starts there were."""
        return self.medians.n

    @property
    def ready(self) -> Median | None:
        """The whole way; None where there was no start."""
        return self.medians.ready

    @property
    def phases(self) -> Mapping[str, Median]:
        """Each step of it."""
        return self.medians.phases


def ready_runs(deployment: Deployment) -> QuerySet[Run]:
    """The runs of its account that became ready, newest first, with what a `Start` is made from."""
    rows = deployment.runs.filter(ready_at__isnull=False, account=deployment.account_id)
    rows = rows.exclude(cause=Cause.DOWNLOAD).select_related("release").prefetch_related("phases")
    return rows.order_by("-id")


def newest(
    deployment: Deployment,
    prices: PriceBook | None = None,
    *,
    limit: int = HISTORY,
    before: int | None = None,
) -> list[Start]:
    """The newest starts (before that run), newest first; with dollars where there are prices. Two queries."""
    rows = ready_runs(deployment)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return starts_of(rows[:limit], deployment, prices)


def of_release(
    deployment: Deployment, release: Release, prices: PriceBook | None, *, without: int | None = None
) -> OfRelease:
    """The newest starts of a release (without that run), as medians. Two queries."""
    rows = ready_runs(deployment).filter(release=release)
    if without is not None:
        rows = rows.exclude(pk=without)
    return OfRelease(release.number, medians(starts_of(rows[:NEWEST], deployment, prices)))


def release_before(deployment: Deployment, release: Release) -> Release | None:
    """The newest release before this one that ever became ready. One query."""
    rows = deployment.releases.filter(number__lt=release.number, runs__in=ready_runs(deployment).values("pk"))
    return rows.order_by("-number").first()


def releases_that_lit(deployment: Deployment) -> list[Release]:
    """The releases that ever became ready, newest first, a hundred at most. One query."""
    lit = ready_runs(deployment).order_by().values("release")
    return list(deployment.releases.filter(pk__in=lit).order_by("-number")[:100])


def starts_of(runs: Iterable[Run], deployment: Deployment, prices: PriceBook | None = None) -> list[Start]:
    """As numbers, in their order, without those whose log was not read."""
    held: dict[int | None, Resources] = {}
    found = []
    for run in runs:
        if prices is not None and run.release_id not in held:
            held[run.release_id] = costs.resources_of(run, deployment)
        start = start_of(run, prices, held.get(run.release_id))
        if start is not None:
            found.append(start)
    return found


def start_of(run: Run, prices: PriceBook | None = None, held: Resources | None = None) -> Start | None:
    """A run that became ready, with its phases; None where it did not or its log was not read. No query,
    where the run has its phases and release."""
    if run.ready_at is None:
        return None
    found = {span.name: span for span in spans(run, run.ready_at)}
    if not _TOLD_BY_THE_LOG & set(found):
        return None
    seconds = {name: span.seconds for name, span in found.items() if name in PHASES}
    ends = {name: (span.since, span.until) for name, span in found.items() if name in PHASES}
    if run.boot_ended_at is not None and run.boot_ended_at > run.ready_at:
        seconds[WARM_UP_REQUESTS] = (run.boot_ended_at - run.ready_at).total_seconds()
        ends[WARM_UP_REQUESTS] = (run.ready_at, run.boot_ended_at)
    priced = {
        name: span_usd(run, held, prices, *ends[name])
        for name in ends
        if prices is not None and held is not None
    }
    return Start(
        id=run.pk,
        number=run.number,
        release=run.release.number if run.release is not None else None,
        at=run.first_seen_at,
        ready_s=(run.ready_at - run.first_seen_at).total_seconds(),
        seconds=seconds,
        usd={name: usd for name, usd in priced.items() if usd is not None},
    )


def usual(starts: Sequence[Start], release: int | None) -> Usual:
    """What a start of that release usually takes, phase by phase, without phases that most starts skip."""
    held = basis(starts, release)
    if not held.starts:
        return Usual()
    names = (*PHASES, WARM_UP_REQUESTS)
    seconds = {name: median(start.took(name) for start in held.starts) for name in names}
    return Usual({name: s for name, s in seconds.items() if s}, len(held.starts), held.of_release)


def boots_of(deployments: Iterable[Deployment]) -> dict[int, list[Start]]:
    """The `boots` of deployments from `loading.with_facts`, by id, newest first. Two queries at most."""
    rows = list(deployments)
    prefetch_related_objects([run for row in rows for run in row.boots], "phases", "release")
    return {
        row.pk: starts_of([run for run in row.boots if run.account_id == row.account_id], row) for row in rows
    }

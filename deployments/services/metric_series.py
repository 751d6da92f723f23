"""Reading the buckets of one deployment for a chart."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import F, Max, Q, QuerySet, Sum

from deployments.ledger.prices import PriceBook, PriceMissing
from deployments.metrics.bucket import MAXIMA, SUMS, unpacked
from deployments.metrics.histogram import Histogram
from deployments.metrics.levels import Grid
from deployments.metrics.series import LitSpan, Point, points
from deployments.models import Cause, Deployment, MetricBucket, Run

from . import costs

# More runs than this in one chart would be narrower than what a screen shows; the newest are priced exactly.
MOST_RUNS = 5000


@dataclass(frozen=True, slots=True)
class Read:
    """What a chart shows: a point for each step of the grid, and the runs that were lit in it."""

    grid: Grid
    points: list[Point]
    spans: list[LitSpan]


def read(
    deployment: Deployment,
    grid: Grid,
    now: datetime,
    *,
    run_id: int | None = None,
    release: int | None = None,
) -> Read:
    """The points of a grid, of one run or one release (its number) where that is asked for. Five queries at
    most, and no more rows than the grid's level has in its time."""
    spans = lit_spans(deployment, grid, now, run_id=run_id, release=release)
    rows = MetricBucket.objects.filter(
        deployment=deployment, level=grid.level_s, start__gte=grid.start, start__lt=grid.end
    )
    if run_id is not None:
        rows = rows.filter(run_key=run_id)
    if release is not None:
        ids = deployment.releases.filter(number=release).values_list("pk", flat=True)
        rows = rows.filter(release_key__in=list(ids))
    return Read(grid, points(grid, _numbers(rows, grid), _counted(rows), spans), spans)


def has_any(deployment: Deployment) -> bool:
    """True where anything was ever measured. One query."""
    return MetricBucket.objects.filter(deployment=deployment).exists()


def _numbers(rows: QuerySet[MetricBucket], grid: Grid) -> dict[int, dict[str, float]]:
    """Summed by the database, by the step's place in time."""
    summed = {f"all_{name}": Sum(name) for name in SUMS} | {f"all_{name}": Max(name) for name in MAXIMA}
    grouped: QuerySet[Any] = rows.order_by().values(place=F("start") / grid.step_s).annotate(**summed)
    return {row["place"]: _told(row) for row in grouped}


def _told(row: Mapping[str, Any]) -> dict[str, float]:
    return {
        name.removeprefix("all_"): float(number) for name, number in row.items() if number and name != "place"
    }


def _counted(rows: QuerySet[MetricBucket]) -> Iterator[tuple[int, dict[str, Histogram]]]:
    stored = rows.exclude(histograms="").order_by().values_list("start", "histograms")
    return ((start, unpacked(text)) for start, text in stored.iterator(chunk_size=5000))


def lit_spans(
    deployment: Deployment,
    grid: Grid,
    now: datetime,
    *,
    run_id: int | None = None,
    release: int | None = None,
) -> list[LitSpan]:
    """The runs that were lit in the grid's time, oldest first, with what a second of each cost."""
    since, until = datetime.fromtimestamp(grid.start, UTC), datetime.fromtimestamp(grid.end, UTC)
    rows = deployment.runs.filter(first_seen_at__lt=until, started_at__lt=until)
    rows = rows.filter(Q(ended_at__isnull=True) | Q(ended_at__gt=since)).exclude(cause=Cause.DOWNLOAD)
    if run_id is not None:
        rows = rows.filter(pk=run_id)
    if release is not None:
        rows = rows.filter(release__number=release)
    found = list(rows.select_related("release").order_by("-first_seen_at", "-pk")[:MOST_RUNS])[::-1]
    book = costs.book(deployment.account) if any(run.cost_usd is None for run in found) else None
    return [_span(run, deployment, now, book) for run in found]


def _span(run: Run, deployment: Deployment, now: datetime, book: PriceBook | None) -> LitSpan:
    began = run.started_at or run.first_seen_at
    until = max(began, run.ended_at or now)
    return LitSpan(
        run_id=run.pk,
        number=run.number,
        release=run.release.number if run.release is not None else None,
        lit_for=run.lit_for,
        since=began,
        ready_at=run.ready_at,
        until=until,
        is_lit=run.ended_at is None,
        usd_per_s=_usd_per_s(run, deployment, began, until, book),
    )


def _usd_per_s(
    run: Run, deployment: Deployment, began: datetime, until: datetime, book: PriceBook | None
) -> float | None:
    lasted_s = (until - began).total_seconds()
    if run.cost_usd is not None:
        return float(run.cost_usd) / lasted_s if lasted_s else 0.0
    try:
        return float(book.usd_per_hour(costs.resources_of(run, deployment), until)) / 3600 if book else None
    except PriceMissing:
        return None

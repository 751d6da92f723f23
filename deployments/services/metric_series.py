"""Reading the buckets of one deployment for a chart."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.db.models import F, Max, Q, QuerySet, Sum
from pydantic_core import from_json

from deployments.ledger.prices import PriceBook, PriceMissing
from deployments.metrics.bucket import MAXIMA, NUMBERS, SUMS
from deployments.metrics.levels import Grid
from deployments.metrics.series import LitSpan, Point, points
from deployments.models import Cause, Deployment, MetricBucket, Run

from . import costs

# More runs than this in one chart would be narrower than what a screen shows: the newest are shown.
MOST_RUNS = 5000
_COLUMNS = (
    "pk", "number", "release__number", "lit_for", "first_seen_at", "started_at", "ready_at", "ended_at",
    "cost_usd",
)  # fmt: skip


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
    return {
        place: {name: number for name, number in zip(NUMBERS, numbers, strict=True) if number}
        for place, *numbers in grouped.values_list("place", *summed)
    }


def _counted(rows: QuerySet[MetricBucket]) -> Iterator[tuple[int, dict[str, list[int]]]]:
    stored = rows.exclude(histograms="").order_by().values_list("start", "histograms")
    return ((start, from_json(text)) for start, text in stored.iterator(chunk_size=5000))


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
    newest = rows.order_by("-first_seen_at", "-pk").values_list(*_COLUMNS)[:MOST_RUNS]
    found = [_span(row, now) for row in newest][::-1]
    unpriced = {span.run_id for span in found if span.usd_per_s is None}
    rates = _rates(deployment, unpriced, now) if unpriced else {}
    return [replace(span, usd_per_s=rates[span.run_id]) if span.run_id in rates else span for span in found]


def _span(row: tuple[Any, ...], now: datetime) -> LitSpan:
    run_id, number, release, lit_for, seen, started, ready, ended, usd = row
    began = started or seen
    until = max(began, ended or now)
    lasted_s = (until - began).total_seconds()
    return LitSpan(
        run_id=run_id,
        number=number,
        release=release,
        lit_for=lit_for,
        since=began,
        ready_at=ready,
        until=until,
        is_lit=ended is None,
        usd_per_s=None if usd is None else float(usd) / lasted_s if lasted_s else 0.0,
    )


def _rates(deployment: Deployment, run_ids: Iterable[int], now: datetime) -> dict[int, float | None]:
    """Of runs that have no cost yet, what a second costs by the prices that hold when they end, or now."""
    book = costs.book(deployment.account)
    rows = deployment.runs.filter(pk__in=list(run_ids)).select_related("release")
    return {run.pk: _rate(run, deployment, run.ended_at or now, book) for run in rows}


def _rate(run: Run, deployment: Deployment, at: datetime, book: PriceBook) -> float | None:
    try:
        return float(book.usd_per_hour(costs.resources_of(run, deployment), at)) / 3600
    except PriceMissing:
        return None

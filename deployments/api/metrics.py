"""`GET /deployments/{slug}/metrics`: how well it runs, as series by name."""

from datetime import UTC, datetime
from typing import Annotated, Any

from django.utils import timezone
from ninja import Field, Query, Router, Schema

from deployments.metrics.histogram import ERROR
from deployments.metrics.levels import MOST_POINTS, STEPS
from deployments.metrics.series import LitSpan, series, whole
from deployments.planning.power import Scope
from deployments.services import metric_series
from deployments.services.metric_ranges import asked_grid

from .access import ApiRequest, deployment_of, needs
from .kinds import Instant

router = Router(tags=["metrics"])

_UNITS = (
    "Units are in the names: `_s` seconds, `_share` 0 to 1, `_count` a number in the step, `_per_s` tokens a"
    " second while the engine worked, `_usd` dollars. null: nothing was measured, or it was out."
)
RunId = Annotated[int | None, Query(ge=1, le=2**63 - 1, description="One run alone, by its id.")]
ReleaseNumber = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="One release, by number.")]
Step = Annotated[
    int | None,
    Query(
        description=f"Seconds of a point: one of {', '.join(map(str, STEPS))}. Left out, the finest that"
        f" keeps it to {MOST_POINTS} points and is still kept."
    ),
]


class LitOut(Schema):
    """A run in this time: outside of runs there is nothing to measure."""

    id: int
    number: int
    release: int | None
    started_at: datetime
    ready_at: datetime | None
    ended_at: datetime | None = Field(description="null while it is lit.")


class MetricsOut(Schema):
    """Series of one length: their values belong to `times`, the starts of the steps."""

    since: datetime = Field(serialization_alias="from")
    until: datetime = Field(serialization_alias="to")
    step_s: int
    bucket_s: int = Field(description="How long the kept buckets are that the points were summed from.")
    percentile_error_share: float = Field(
        description="By how much a percentile may differ from the exact one, as a share of it."
    )
    times: list[datetime]
    series: dict[str, list[float | None]] = Field(description=_UNITS)
    whole: dict[str, float | None] = Field(description="The same figures over the whole time.")
    runs: list[LitOut]


@router.get(
    "/deployments/{slug:slug}/metrics", response=MetricsOut, by_alias=True, summary="How well it runs"
)
@needs(Scope.READ)
def get_metrics(
    request: ApiRequest,
    slug: str,
    since: Annotated[Instant | None, Query(alias="from", description="Left out, a day before `to`.")] = None,
    until: Annotated[Instant | None, Query(alias="to", description="Left out, now.")] = None,
    step: Step = None,
    run: RunId = None,
    release: ReleaseNumber = None,
) -> Any:
    """From the engine's log lines and the gateway's own measurements; nothing is asked of a container.

    Rolled up every ten seconds; a request is counted where it came, once it has ended. Percentiles are exact
    but for `percentile_error_share`, however long the time is.
    """
    now = timezone.now()
    deployment = deployment_of(request, slug)
    grid = asked_grid(since, until, step, now)
    found = metric_series.read(deployment, grid, now, run_id=run, release=release)
    return {
        "since": _instant(grid.start),
        "until": _instant(grid.end),
        "step_s": grid.step_s,
        "bucket_s": grid.level_s,
        "percentile_error_share": round(ERROR, 4),
        "times": [_instant(start) for start in grid.starts()],
        "series": {name: list(map(_short, values)) for name, values in series(found.points).items()},
        "whole": {name: _short(value) for name, value in whole(found.points).items()},
        "runs": [_lit(span) for span in found.spans],
    }


def _instant(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def _short(value: float | None) -> float | None:
    """Six digits: what is measured is not exacter."""
    return None if value is None else float(f"{value:.6g}")


def _lit(span: LitSpan) -> dict[str, Any]:
    return {
        "id": span.run_id,
        "number": span.number,
        "release": span.release,
        "started_at": span.since,
        "ready_at": span.ready_at,
        "ended_at": None if span.is_lit else span.until,
    }

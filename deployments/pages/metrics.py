"""`/deployments/{slug}/metrics/`: how well it runs, as charts of one time."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.metrics.series import LitSpan, series, whole
from deployments.models import Cause, Deployment
from deployments.planning.lifecycle import BURNING
from deployments.planning.power import Scope
from deployments.services import metric_series

from . import live, metric_charts, metric_marks, metric_range
from .access import PageRequest, needs
from .head import head
from .lookup import deployment_of
from .metric_range import Asked

# Seconds between two looks at charts that move, by the length of what they show.
_POLLS_S = {"1h": 10, "6h": 30}
_POLL_S = 60
_CHOICES = 60


@require_safe
@needs(Scope.READ)
def metrics(request: PageRequest, slug: str) -> HttpResponse:
    """The page; it works without scripts, as links and a form."""
    deployment = deployment_of(request, slug)
    view = head(request, deployment, "metrics")
    asked = metric_range.read(request.GET, timezone.now())
    shown = _charts(deployment, asked, lit=view["status"].state in BURNING)
    context = view | shown | _choices(deployment, asked, shown["spans"])
    return render(request, "deployments/metrics.html", context)


@require_safe
@needs(Scope.READ)
def metric_fragment(request: PageRequest, slug: str) -> HttpResponse:
    """The charts alone, live."""
    deployment = deployment_of(request, slug)
    asked = metric_range.read(request.GET, timezone.now())
    lit = deployment.runs.filter(ended_at__isnull=True).exclude(cause=Cause.DOWNLOAD).exists()
    context = _charts(deployment, asked, lit=lit) | {"deployment": deployment}
    return live.answer(request, "deployments/_charts.html", context)


def _charts(deployment: Deployment, asked: Asked, *, lit: bool) -> dict[str, Any]:
    grid = asked.grid
    found = metric_series.read(deployment, grid, asked.now, run_id=asked.run_id, release=asked.release)
    fewer, each = metric_marks.rows_of(found.points)
    told, over_all = series(found.points), whole(fewer)
    rows, row_s = metric_marks.table(fewer, each, grid)
    asleep = frozenset(place for place, point in enumerate(found.points) if not point.lit_s)
    groups = [
        (title, [metric_charts.chart(kind, told, over_all, asleep) for kind in kinds])
        for title, kinds in metric_charts.GROUPS
    ]
    return {
        "asked": asked,
        "grid": grid,
        "slug": deployment.slug,
        "groups": groups,
        "spans": found.spans,
        "bands": metric_charts.bands(found.spans, grid),
        "strip": metric_marks.strip(found.spans, grid),
        "marks": metric_marks.release_marks(found.spans, grid),
        "axis": metric_marks.axis(grid),
        "columns": [heading for heading, _, _ in metric_marks.COLUMNS],
        "rows": rows,
        "row_s": row_s,
        "is_measured": bool(rows) or metric_series.has_any(deployment),
        "chart_poll_s": _POLLS_S.get(asked.key, _POLL_S) if lit and asked.key else None,
    }


def _choices(deployment: Deployment, asked: Asked, spans: list[LitSpan]) -> dict[str, Any]:
    """Runs of this time and the newest releases, to choose one of."""
    if asked.run_id is not None or asked.release is not None:
        spans = metric_series.lit_spans(deployment, asked.grid, asked.now)
    runs = {span.run_id: (span.number, span.since) for span in spans[-_CHOICES:]}
    if asked.run_id is not None and asked.run_id not in runs:
        chosen = deployment.runs.filter(pk=asked.run_id).values_list("pk", "number", "first_seen_at")
        runs |= {pk: (number, seen) for pk, number, seen in chosen}
    releases = deployment.releases.order_by("-number").values_list("number", flat=True)
    return {
        "run_choices": sorted(((number, pk, at) for pk, (number, at) in runs.items()), reverse=True),
        "release_choices": list(releases[:_CHOICES]),
    }

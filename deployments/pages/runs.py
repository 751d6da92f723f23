"""`/runs/`, `/deployments/{slug}/runs/` and one run's story."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.models import Deployment
from deployments.planning.power import Scope
from deployments.services import anatomy, bill_compare, chronicling, findings, logs, run_lists, runs, timeline
from deployments.services.errors import Refused
from deployments.services.lit_times import SPANS, lit_times
from deployments.services.story import story
from deployments.services.views import RunView, StatusView

from . import bands, run_filter
from .access import PageRequest, needs
from .dollars import shares
from .head import head
from .log_lines import rows
from .lookup import deployment_of
from .paging import cursor
from .run_beside import beside_table, with_own_medians
from .starts import trend_context
from .waterfall import Falls, waterfall

_PAGE = 50
_LINES = 200
_DAY, _WEEK = SPANS


@require_safe
@needs(Scope.READ)
def all_runs(request: PageRequest) -> HttpResponse:
    """Of every deployment that the reader may see, newest first, by pages."""
    context = _listed(request, run_filter.read(request))
    return render(request, "deployments/all_runs.html", context | {"nav": "runs", "several": True})


@require_safe
@needs(Scope.READ)
def run_list(request: PageRequest, slug: str) -> HttpResponse:
    """All runs of one, newest first, by pages; above them its last day or week."""
    deployment = deployment_of(request, slug)
    context = head(request, deployment) | _listed(request, run_filter.read(request, slug))
    context |= _timeline(request, deployment)
    if cursor(request) is None:
        context |= trend_context(request, deployment)
    return render(request, "deployments/runs.html", context)


def _listed(request: PageRequest, asked: run_filter.Asked) -> dict[str, Any]:
    found = run_lists.listed(request.actor, asked.only, before_id=cursor(request), limit=_PAGE + 1)
    return {
        "runs": found[:_PAGE],
        "older": found[_PAGE - 1].id if len(found) > _PAGE else None,
        **run_filter.choices(request.actor, asked),
    }


def _timeline(request: PageRequest, deployment: Deployment) -> dict[str, Any]:
    asked = request.GET.get("span", "")
    span = asked if asked in SPANS else _DAY
    times = lit_times(deployment, SPANS[span], timezone.now())
    choices = ((_DAY, "24 hours"), (_WEEK, "7 days"))
    return {"span": span, "spans": choices, "times": times, "lit": bands.of_deployment(times)}


@require_safe
@needs(Scope.READ)
def run_page(request: PageRequest, slug: str, run_id: int) -> HttpResponse:
    """One run: its story, its time, phases, cost by part and by resource, how it ended, its log."""
    deployment = deployment_of(request, slug)
    try:
        run = runs.run_of(deployment, run_id)
    except Refused as error:
        raise Http404(error.message) from None
    above = head(request, deployment) | {"compact": True}
    near = anatomy.neighbours(deployment, run.id)
    told = chronicling.of(run, deployment, zone=timezone.get_current_timezone())
    context = {
        "run": run,
        "story": story(told),
        "events": timeline.events(told),
        "coarse": told.coarse,
        "strip": bands.of_run(timeline.strip(told)),
        "falls": _falls(run, near, above["status"]),
        "beside": beside_table(run, near),
        "dollars": shares(run),
        "lines": rows(logs.lines(deployment, logs.Asked(run_id=run.id), limit=_LINES)),
        "cards": findings.of_runs([run.id], deployment).get(run.id, []),
        "billed": bill_compare.billed_of_run(run.id) if run.ended_at else None,
    }
    return render(request, "deployments/run.html", above | context)


def _falls(run: RunView, near: anatomy.Neighbours, status: StatusView) -> Falls | None:
    left_s = status.eta_s if status.run is not None and status.run.id == run.id else None
    return waterfall(with_own_medians(run, near), status.price_usd_per_hour, near.before, left_s=left_s)

"""`/deployments/{slug}/runs/` and one run's story."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from deployments.planning.power import Scope
from deployments.planning.starts.start import WARM_UP_REQUESTS
from deployments.services import anatomy, bill_compare, findings, logs, runs
from deployments.services.errors import Refused
from deployments.services.views import RunView

from . import words
from .access import PageRequest, needs
from .dollars import shares
from .head import head
from .log_lines import rows
from .lookup import deployment_of
from .paging import cursor
from .run_beside import beside_table, with_own_medians
from .starts import trend_context
from .waterfall import waterfall

_PAGE = 50
_LINES = 200


@require_safe
@needs(Scope.READ)
def run_list(request: PageRequest, slug: str) -> HttpResponse:
    """All runs, newest first, by pages."""
    deployment = deployment_of(request, slug)
    found = runs.runs_of(deployment, before_id=cursor(request), limit=_PAGE)
    context = {"runs": found, "older": found[-1].id if len(found) == _PAGE else None}
    if cursor(request) is None:
        context |= trend_context(request, deployment)
    return render(request, "deployments/runs.html", head(request, deployment) | context)


@require_safe
@needs(Scope.READ)
def run_page(request: PageRequest, slug: str, run_id: int) -> HttpResponse:
    """One run: who, why, phases, cost by part and by resource, how it ended, its log."""
    deployment = deployment_of(request, slug)
    try:
        run = runs.run_of(deployment, run_id)
    except Refused as error:
        raise Http404(error.message) from None
    lines = rows(logs.lines(deployment, run_id=run.id, limit=_LINES))
    above = head(request, deployment) | {"compact": True}
    near = anatomy.neighbours(deployment, run.id)
    falls = waterfall(with_own_medians(run, near), above["status"].price_usd_per_hour, near.before)
    billed = bill_compare.billed_of_run(run.id) if run.ended_at else None
    context = {"run": run, "falls": falls, "dollars": shares(run), "story": story(run), "lines": lines}
    told = {"cards": findings.of_runs([run.id], deployment).get(run.id, [])}
    beside = beside_table(run, near)
    return render(
        request, "deployments/run.html", above | context | told | {"billed": billed, "beside": beside}
    )


def story(run: RunView) -> str:
    """The run in sentences: for whom, how long it took, how long it was lit, what it cost, how it ended."""
    told = [f"Lit for {run.lit_for}" if run.lit_for else run.cause_label[:1].upper() + run.cause_label[1:]]
    if run.reason:
        told[0] += f" (“{run.reason}”)"
    if run.boot_s is not None and run.ready_at:
        warmed = any(phase.name == WARM_UP_REQUESTS for phase in run.phases)
        with_it = ", its warm-up included" if warmed else ""
        told.append(f"ready after {words.duration(run.boot_s)} for {words.money(run.boot_usd)}{with_it}")
    if run.lit_s and run.ready_at:
        told.append(f"lit for {words.duration(run.lit_s)}")
    ending = f"It {run.end_label}." if run.ended_at else "It is lit now."
    return f"{', '.join(told)}. {ending} {words.money(run.cost_usd)} in all."

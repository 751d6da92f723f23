"""`/deployments/{slug}/`: what happens now, who keeps it lit, and the runs before."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from deployments.engines.validation import Level
from deployments.models import OPEN_DOWNLOADS, Deployment
from deployments.planning.power import Scope
from deployments.services import auto_rollback, findings, runs
from deployments.services.views import DiagnosisView, RunView, StatusView

from . import live
from .access import PageRequest, needs
from .dollars import shares
from .head import head
from .lookup import deployment_of
from .waterfall import phase_words, waterfall

_LATEST = 8


@require_safe
@needs(Scope.READ)
def overview(request: PageRequest, slug: str) -> HttpResponse:
    """The page."""
    deployment = deployment_of(request, slug)
    context = _with_phases(request, deployment)
    return render(request, "deployments/overview.html", context)


@require_safe
@needs(Scope.READ)
def status_fragment(request: PageRequest, slug: str) -> HttpResponse:
    """The head, live. `?compact=1` is that of the working tabs."""
    tab = "logs" if request.GET.get("compact") else "runs"
    context = head(request, deployment_of(request, slug), tab)
    return live.answer(request, "deployments/_status.html", context)


@require_safe
@needs(Scope.READ)
def phases(request: PageRequest, slug: str) -> HttpResponse:
    """Phases, leases, dollars and earlier runs, live."""
    context = _with_phases(request, deployment_of(request, slug))
    return live.answer(request, "deployments/_phases.html", context)


def _with_phases(request: PageRequest, deployment: Deployment) -> dict[str, Any]:
    context = head(request, deployment)
    status: StatusView = context["status"]
    run, download = status.run, status.download
    return context | {
        "run": run,
        "runs": _earlier(deployment, status),
        "phase_words": phase_words(status.phase, status.progress),
        "falls": waterfall(run, status.price_usd_per_hour, left_s=status.eta_s) if run else None,
        "dollars": shares(run) if run else None,
        "downloading": download is not None and download.status in OPEN_DOWNLOADS,
        "cards": _worth_a_look(deployment, run),
        "may_operate": request.actor.may(Scope.OPERATE, status.slug),
        "went_back": auto_rollback.shown(deployment),
    }


def _worth_a_look(deployment: Deployment, run: RunView | None) -> list[DiagnosisView]:
    """What goes wrong or slowly now. Advice is left to the page of the run."""
    found = findings.of_runs([run.id], deployment).get(run.id, []) if run is not None else []
    return [card for card in found if card.level != Level.ADVICE]


def _earlier(deployment: Deployment, status: StatusView) -> list[Any]:
    found = runs.runs_of(deployment, limit=_LATEST)
    return [run for run in found if status.run is None or run.id != status.run.id]

"""The links from the log to the phases of a run: live, so that they lead into the run that wakes now."""

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from deployments.models import Deployment, PhaseName, Run
from deployments.planning.power import Scope
from deployments.services import status
from deployments.services.logs import Asked

from . import live
from .access import PageRequest, needs
from .log_asked import asked_of
from .lookup import deployment_of


@require_safe
@needs(Scope.READ)
def log_phases(request: PageRequest, slug: str) -> HttpResponse:
    """The fragment: of the run that is asked for, else of the newest one."""
    deployment, asked = deployment_of(request, slug), asked_of(request)
    view = status.status_of(deployment, actor=request.actor)
    context = {"status": view, "poll_s": live.poll_s([view]), "asked": asked}
    found = links(run_of(deployment, asked))
    return live.answer(request, "deployments/_phase_links.html", context | found)


def run_of(deployment: Deployment, asked: Asked) -> Run | None:
    """The run that is asked for, else the newest one."""
    if asked.run_id is not None:
        return deployment.runs.filter(pk=asked.run_id).first()
    return deployment.runs.order_by("-id").first()


def links(run: Run | None) -> dict[str, Any]:
    """The context of the fragment: its run, and that run's phases in their order."""
    found = run.phases.order_by("started_at", "id") if run is not None else ()
    phases = [{"name": one.name, "label": PhaseName(one.name).label, "at": one.started_at} for one in found]
    return {"phase_run": run, "phases": phases}

"""`GET /deployments/{slug}/runs` and one of them."""

from collections.abc import Sequence
from typing import Any

from ninja import Router

from deployments.models import Run
from deployments.planning.power import Scope
from deployments.services import runs
from deployments.services.views import RunView

from .access import ApiRequest, deployment_of, needs
from .kinds import Cursor, Limit, Page
from .paging import page, position
from .run_schemas import Finding, RunOut

router = Router(tags=["runs"])


@router.get("/deployments/{slug:slug}/runs", response=Page[RunOut], summary="Its runs, newest first")
@needs(Scope.READ)
def get_runs(request: ApiRequest, slug: str, cursor: Cursor = None, limit: Limit = 50) -> Any:
    """With phases and money."""
    deployment = deployment_of(request, slug)
    found = page(runs.runs_of(deployment, before_id=position(cursor), limit=limit + 1), limit)
    return found | {"items": _with_findings(found["items"])}


@router.get("/deployments/{slug:slug}/runs/{int:run_id}", response=RunOut, summary="One run")
@needs(Scope.READ)
def get_run(request: ApiRequest, slug: str, run_id: int) -> Any:
    """Money is live while it lives."""
    return _with_findings([runs.run_of(deployment_of(request, slug), run_id)])[0]


def _with_findings(views: Sequence[RunView]) -> list[RunOut]:
    errors = dict(
        Run.objects.filter(pk__in=[view.id for view in views])
        .exclude(engine_error="")
        .values_list("pk", "engine_error")
    )
    shown = [RunOut.from_orm(view) for view in views]
    for run in shown:
        if run.id in errors:
            run.findings = [Finding(cause=_cause(run), evidence=errors[run.id])]
    return shown


def _cause(run: RunOut) -> str:
    return "The engine failed while it served." if run.ready_at else "The engine failed before it was ready."

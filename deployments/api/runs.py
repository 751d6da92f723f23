"""`GET /deployments/{slug}/runs` and one of them."""

from collections.abc import Sequence
from typing import Any, TypeVar

from ninja import Router

from deployments.models import Deployment
from deployments.planning.power import Scope
from deployments.services import anatomy, findings, runs
from deployments.services.views import RunView

from .access import ApiRequest, deployment_of, needs
from .kinds import Cursor, Limit, Page
from .paging import page, position
from .run_schemas import DiagnosisOut, RunBesideOut, RunOut
from .start_schemas import NeighboursOut

router = Router(tags=["runs"])
Shown = TypeVar("Shown", bound=RunOut)


@router.get("/deployments/{slug:slug}/runs", response=Page[RunOut], summary="Its runs, newest first")
@needs(Scope.READ)
def get_runs(request: ApiRequest, slug: str, cursor: Cursor = None, limit: Limit = 50) -> Any:
    """With phases and money."""
    deployment = deployment_of(request, slug)
    found = page(runs.runs_of(deployment, before_id=position(cursor), limit=limit + 1, usual=True), limit)
    return found | {"items": _with_findings(deployment, found["items"], RunOut)}


@router.get("/deployments/{slug:slug}/runs/{int:run_id}", response=RunBesideOut, summary="One run")
@needs(Scope.READ)
def get_run(request: ApiRequest, slug: str, run_id: int) -> Any:
    """Money is live while it lives. `beside` has the medians of its release and of the one before."""
    deployment = deployment_of(request, slug)
    (found,) = _with_findings(deployment, [runs.run_of(deployment, run_id)], RunBesideOut)
    found.beside = NeighboursOut.from_orm(anatomy.neighbours(deployment, run_id))
    return found


def _with_findings(deployment: Deployment, views: Sequence[RunView], schema: type[Shown]) -> list[Shown]:
    told = findings.of_runs([view.id for view in views], deployment)
    shown = [schema.from_orm(view) for view in views]
    for run, view in zip(shown, views, strict=True):
        run.findings = [DiagnosisOut.from_orm(card) for card in told.get(run.id, [])]
        if view.end_text and not any(card.level == "error" for card in run.findings):
            run.findings.insert(0, DiagnosisOut(cause=_cause(run), evidence=view.end_text))
    return shown


def _cause(run: RunOut) -> str:
    return "The engine failed while it served." if run.ready_at else "The engine failed before it was ready."

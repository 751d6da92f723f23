"""`GET /runs`, `GET /deployments/{slug}/runs` and one of them."""

from collections.abc import Sequence
from typing import Any, Literal, TypeVar

from ninja import Field, Query, Router, Schema

from deployments.models import Cause, Deployment, EndReason
from deployments.planning.power import Scope
from deployments.services import anatomy, chronicling, findings, run_lists, runs, timeline
from deployments.services.errors import not_found
from deployments.services.run_lists import RunFilter
from deployments.services.status import visible
from deployments.services.story import story
from deployments.services.views import RunView

from .access import ApiRequest, deployment_of, needs
from .kinds import Cursor, Instant, Limit, Page
from .paging import page, position
from .run_schemas import BandOut, DiagnosisOut, EventOut, RunListed, RunOut, RunTold
from .start_schemas import NeighboursOut

router = Router(tags=["runs"])
Out = TypeVar("Out", bound=RunOut)


class RunsAsked(Schema):
    """Narrows runs; what is left out narrows nothing."""

    cause: Cause | None = None
    end: EndReason | Literal["failed", "lit"] | None = Field(
        default=None, description="A reason, failed (every failure), or lit (those that live)."
    )
    release: int | None = Field(default=None, ge=0, le=2_147_483_647)
    lit_for: str | None = Field(default=None, description="The name of whom it was lit for.")
    since: Instant | None = Field(default=None, description="First seen then or later.")
    until: Instant | None = Field(default=None, description="First seen before.")
    with_findings: bool = Field(default=False, description="Those of which the log doctor said something.")
    code: str | None = Field(default=None, description="Those of which it said this.")


class AllRunsAsked(RunsAsked):
    """The same over all deployments."""

    deployment: str | None = None


@router.get("/runs", response=Page[RunListed], summary="Runs of every deployment, newest first")
@needs(Scope.READ)
def get_all_runs(
    request: ApiRequest, asked: Query[AllRunsAsked], cursor: Cursor = None, limit: Limit = 50
) -> Any:
    """With phases and money, of every deployment that the caller may see."""
    slug = asked.deployment
    if slug is not None and not visible(request.auth).filter(slug=slug).exists():
        raise not_found(f"The deployment {slug[:60]}")
    found = _page(request, _filter(asked, slug or ""), cursor, limit)
    slugs = {view.slug for view in found["items"]}
    known = {row.slug: row for row in Deployment.objects.filter(slug__in=slugs)}
    told = _findings(found["items"], known)
    return found | {"items": [_told(RunListed, view, told) for view in found["items"]]}


@router.get("/deployments/{slug:slug}/runs", response=Page[RunOut], summary="Its runs, newest first")
@needs(Scope.READ)
def get_runs(
    request: ApiRequest, slug: str, asked: Query[RunsAsked], cursor: Cursor = None, limit: Limit = 50
) -> Any:
    """With phases and money."""
    deployment = deployment_of(request, slug)
    found = _page(request, _filter(asked, slug), cursor, limit)
    told = _findings(found["items"], {slug: deployment})
    return found | {"items": [_told(RunOut, view, told) for view in found["items"]]}


@router.get("/deployments/{slug:slug}/runs/{int:run_id}", response=RunTold, summary="One run and its story")
@needs(Scope.READ)
def get_run(request: ApiRequest, slug: str, run_id: int) -> Any:
    """Money is live while it lives. `beside` has the medians of its release and of the one before."""
    deployment = deployment_of(request, slug)
    view = runs.run_of(deployment, run_id)
    run = _told(RunTold, view, _findings([view], {slug: deployment}))
    known = chronicling.of(view, deployment)
    run.story = story(known)
    run.events = [EventOut.from_orm(event) for event in timeline.events(known)]
    run.bands = [BandOut.from_orm(band) for band in timeline.strip(known)]
    run.beside = NeighboursOut.from_orm(anatomy.neighbours(deployment, run_id))
    return run


def _filter(asked: RunsAsked, slug: str) -> RunFilter:
    return RunFilter(
        deployment=slug, cause=asked.cause or "", end=asked.end or "", release=asked.release,
        who=asked.lit_for or "", since=asked.since, until=asked.until, found=asked.with_findings,
        code=asked.code or "",
    )  # fmt: skip


def _page(request: ApiRequest, only: RunFilter, cursor: str | None, limit: int) -> dict[str, Any]:
    found = run_lists.phased(request.auth, only, before_id=position(cursor), limit=limit + 1)
    return page(found, limit)


def _findings(views: Sequence[RunView], known: dict[str, Deployment]) -> dict[int, list[Any]]:
    """The cards of these runs, by run. One query."""
    slugs = {view.id: view.slug for view in views}
    return findings.of_many({run_id: known[slug] for run_id, slug in slugs.items()})


def _told(kind: type[Out], view: RunView, told: dict[int, list[Any]]) -> Out:
    run = kind.from_orm(view)
    run.findings = [DiagnosisOut.from_orm(card) for card in told.get(run.id, [])]
    if view.end_text and not any(card.level == "error" for card in run.findings):
        run.findings.insert(0, DiagnosisOut(cause=_cause(run), evidence=view.end_text))
    return run


def _cause(run: RunOut) -> str:
    return "The engine failed while it served." if run.ready_at else "The engine failed before it was ready."

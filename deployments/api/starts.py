"""`GET /deployments/{slug}/starts`: cold starts by phase, and two releases of them."""

from typing import Annotated, Any

from ninja import Field, Router

from deployments.planning.power import Scope
from deployments.planning.starts.start import Start, in_order
from deployments.services import anatomy

from .access import ApiRequest, deployment_of, needs
from .start_schemas import ComparisonOut, TrendOut

router = Router(tags=["runs"])
Last = Annotated[int, Field(ge=1, le=200, description="How many starts.")]
Number = Annotated[int, Field(ge=1, le=2**31 - 1, description="The number of a release.")]


@router.get("/deployments/{slug:slug}/starts", response=TrendOut, summary="Its last cold starts by phase")
@needs(Scope.READ)
def get_starts(request: ApiRequest, slug: str, limit: Last = anatomy.TREND) -> Any:
    """Of runs that became ready, with what was slow, and how good the estimates of the time left were."""
    found = anatomy.trend(deployment_of(request, slug), limit)
    items = [_start(start, found) for start in reversed(found.starts)]
    return {"items": items, "estimates": [_tested(one) for one in found.tested]}


@router.get(
    "/deployments/{slug:slug}/starts/compare",
    response=ComparisonOut,
    summary="The cold starts of two releases side by side",
)
@needs(Scope.READ)
def get_comparison(
    request: ApiRequest, slug: str, first: Number | None = None, second: Number | None = None
) -> Any:
    """Medians of the newest starts of each, in seconds and dollars, with how many and their spread. Without
    numbers the two newest releases that ever became ready."""
    return anatomy.compare(deployment_of(request, slug), first, second)


def _start(start: Start, found: anatomy.Trend) -> dict[str, Any]:
    return {
        "run_id": start.id,
        "number": start.number,
        "release": start.release,
        "at": start.at,
        "ready_s": start.ready_s,
        "usd": start.billed_usd,
        "phases": [
            {"name": name, "seconds": start.took(name), "usd": start.usd.get(name)}
            for name in in_order(start.seconds)
        ],
        "slow": list(found.slow.get(start.id, ())),
    }


def _tested(one: anatomy.Tested) -> dict[str, Any]:
    within = one.within
    return {
        "phase": one.phase or None,
        "within_s": within.seconds,
        "hits": within.hits,
        "of": within.of,
        "early": within.early,
    }

"""`GET /costs/compare`: by the second, always on, or dedicated."""

from decimal import Decimal
from typing import Annotated, Any

from django.utils import timezone
from ninja import Query, Router, Schema

from deployments.ledger.comparisons import DEDICATED_SOURCE, Habit
from deployments.ledger.prices import PriceMissing
from deployments.planning.power import Scope
from deployments.services.compare import basis, compared
from deployments.services.errors import Refused

from .access import ApiRequest, deployment_of, needs
from .kinds import Usd

router = Router(tags=["costs"])


class PointOut(Schema):
    """So many hours of use a day."""

    use_hours: float
    billed_hours: float
    month_usd: Usd


class CompareOut(Schema):
    """Estimates of a month of 730 hours at the prices in effect. A node is null where none is listed."""

    gpu: str
    gpus: int
    boot_s: float
    boot_runs: int
    usd_per_hour: Usd
    month_hours: float
    month_usd: Usd
    always_on_month_usd: Usd
    dedicated_month_usd: Usd | None
    dedicated_source: str | None
    break_even_hours_per_day: float | None
    points: list[PointOut]


@router.get("/costs/compare", response=CompareOut, summary="By the second, always on, or dedicated")
@needs(Scope.READ)
def get_compare(
    request: ApiRequest,
    deployment: Annotated[str | None, Query(description="Slug; without it the built-in recipe.")] = None,
    hours: Annotated[Decimal, Query(ge=0, le=24, description="Hours of use a day.")] = Decimal(8),
    days: Annotated[Decimal, Query(ge=0, le=7, description="Days of use a week.")] = Decimal(5),
    sessions: Annotated[Decimal, Query(ge=0, le=96, description="Sessions a day.")] = Decimal(2),
) -> Any:
    """Each session adds a cold start and an idle tail. No break-even: a node is never cheaper."""
    now = timezone.now()
    found = basis(deployment_of(request, deployment) if deployment else None, now)
    spec = found.spec
    habit = Habit(hours, days, sessions, Decimal(str(found.boot_s)), Decimal(str(found.idle_s)))
    try:
        result = compared(found, spec.gpu_type, spec.gpu_count, habit, now)
    except PriceMissing as error:
        raise Refused("price_missing", str(error), status=409) from error
    return {
        "gpu": spec.gpu_type,
        "gpus": spec.gpu_count,
        "boot_s": found.boot_s,
        "boot_runs": found.boot_runs,
        "usd_per_hour": result.usd_per_hour,
        "month_hours": result.month_hours,
        "month_usd": round(result.month_usd, 6),
        "always_on_month_usd": result.always_on_usd,
        "dedicated_month_usd": result.dedicated_usd,
        "dedicated_source": None if result.dedicated_usd is None else DEDICATED_SOURCE,
        "break_even_hours_per_day": result.break_even_hours,
        "points": [
            {
                "use_hours": one.use_hours,
                "billed_hours": one.billed_hours,
                "month_usd": round(one.month_usd, 6),
            }
            for one in result.points
        ],
    }

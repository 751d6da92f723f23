"""`GET` and `PUT /budgets`."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from django.utils import timezone
from ninja import Field, Router, Schema, Status
from pydantic import BeforeValidator, StrictStr, WithJsonSchema

from deployments.models import Budget
from deployments.planning.power import Scope
from deployments.services import budget_requests, budgets
from deployments.services.budget_requests import Limit
from deployments.services.budgets import BudgetView

from .access import ApiRequest, needs
from .kinds import Page, Usd, Whole, Wish

router = Router(tags=["costs"])


def _amount(value: Any) -> Any:
    """Money comes as text, as it goes out."""
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
        raise ValueError('Give dollars as text with at most two places, for example "900.00".')
    return value


_AMOUNT = re.compile(r"[0-9]{1,10}(\.[0-9]{1,2})?")
Amount = Annotated[
    Decimal,
    BeforeValidator(_amount),
    WithJsonSchema({"type": "string", "pattern": f"^{_AMOUNT.pattern}$", "description": "US dollars."}),
]


class BudgetOut(Schema):
    """A limit, and where it stands in the period that runs."""

    id: int
    scope: str = Field(description="panel, deployment, person or key.")
    target: str = Field(description="Slug, or the id of a user or a key; empty for the panel.")
    target_name: str
    period: str = Field(description="day, week (from Monday) or month.")
    time_zone: str
    amount_usd: Usd
    grace_s: int = Field(description="Seconds for which a server is drained at the limit.")
    begins_at: datetime
    ends_at: datetime
    spent_usd: Usd = Field(description="What runs counts until now.")
    reserved_usd: Usd = Field(description="What open leases will still cost until their ends.")
    left_usd: Usd
    percent: int
    exhausted: bool


class BudgetWish(Wish):
    """A budget to set; one for each target and period."""

    scope: StrictStr
    target: StrictStr = ""
    period: StrictStr = "month"
    time_zone: StrictStr = "UTC"
    amount_usd: Amount | None = Field(description="Null takes it away.")
    grace_s: Whole = 60


@router.get("/budgets", response=Page[BudgetOut], summary="Budgets and where they stand")
@needs(Scope.READ)
def get_budgets(request: ApiRequest) -> Any:
    """Counted at this moment. For a limited key those of its deployments."""
    found = budgets.views(budgets.open_to(request.auth), timezone.now())
    return {"items": [_told(view) for view in found], "next": None}


@router.put("/budgets", response={200: BudgetOut, 204: None}, summary="Set a budget, or take it away")
@needs(Scope.ADMIN)
def put_budgets(request: ApiRequest, wish: BudgetWish) -> Any:
    """At the limit of the panel or of a deployment its servers go out and stay out until it is raised."""
    if wish.amount_usd is None:
        _remove(request, wish)
        return Status(204, None)
    limit = Limit(wish.scope, wish.target, wish.period, wish.time_zone, wish.amount_usd, wish.grace_s)
    made = budget_requests.put(limit, actor=request.auth)
    (view,) = budgets.views(Budget.objects.filter(pk=made.pk), timezone.now())
    return Status(200, _told(view))


def _remove(request: ApiRequest, wish: BudgetWish) -> None:
    for view in budgets.views(budgets.open_to(request.auth), timezone.now(), fresh=False):
        if (view.budget.scope, view.target, view.budget.period) == (wish.scope, wish.target, wish.period):
            budget_requests.remove(view.budget.pk, actor=request.auth)


def _told(view: BudgetView) -> dict[str, Any]:
    row, standing = view.budget, view.standing
    own = ("id", "scope", "period", "time_zone", "amount_usd", "grace_s")
    counted = ("spent_usd", "reserved_usd", "left_usd", "percent", "exhausted")
    return {
        **{name: getattr(row, name) for name in own},
        **{name: getattr(standing, name) for name in counted},
        "target": view.target,
        "target_name": view.target_name,
        "begins_at": view.window.since,
        "ends_at": view.window.until,
    }

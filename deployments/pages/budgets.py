"""Setting budgets from the costs page."""

from decimal import Decimal, InvalidOperation

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from deployments.planning.power import Scope
from deployments.services import budget_requests, first_budget
from deployments.services.budget_requests import Limit
from deployments.services.budgets import said
from deployments.services.errors import Refused, bad_field

from .access import PageRequest, needs


@require_POST
@needs(Scope.ADMIN)
def set_budget(request: PageRequest) -> HttpResponse:
    """A new one, or a new amount for the same target and period."""
    try:
        budget = budget_requests.put(_limit(request.POST), actor=request.actor)
    except Refused as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"{said(budget)} is now ${budget.amount_usd:,.2f}.")
    return redirect("/" if request.POST.get("from") == "home" else "/costs/#budgets")


@require_POST
@needs(Scope.ADMIN)
def waive_budget(request: PageRequest) -> HttpResponse:
    """The panel goes without a budget, and is not asked again."""
    first_budget.waive(actor=request.actor)
    messages.success(request, "Noted: no budget. You can set one under Costs at any time.")
    return redirect("deployments:home")


@require_POST
@needs(Scope.ADMIN)
def remove_budget(request: PageRequest, budget_id: int) -> HttpResponse:
    """Nothing holds any more what it held."""
    budget_requests.remove(budget_id, actor=request.actor)
    messages.success(request, "The budget is removed.")
    return redirect("/costs/#budgets")


def _limit(sent: QueryDict) -> Limit:
    """`of` is a scope and its target: panel, deployment:slug, person:3, key:7."""
    scope, _, target = sent.get("of", "").partition(":")
    try:
        amount, grace_s = Decimal(sent.get("amount", "")), int(sent.get("grace", "60"))
    except (InvalidOperation, ValueError):
        raise bad_field("amount_usd", "Give the amount in dollars, such as 900.") from None
    if not amount.is_finite():
        raise bad_field("amount_usd", "Give the amount in dollars, such as 900.")
    return Limit(scope, target, sent.get("period", ""), sent.get("zone", ""), amount, max(0, grace_s))

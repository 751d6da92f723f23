"""`/costs/prices/`: what a second costs, since when, says who, and when that was last checked."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from deployments.models import Account, Price
from deployments.planning.power import Scope
from deployments.services import audit, prices, status

from .access import PageRequest, needs


@require_safe
@needs(Scope.READ)
def price_list(request: PageRequest) -> HttpResponse:
    """Every row, those in effect first."""
    now = timezone.now()
    rows = prices.listed(Price.objects.select_related("account"), now)
    accounts = list(Account.objects.filter(deployments__in=status.visible(request.actor)).distinct())
    context = {
        "nav": "costs",
        "rows": [row for row in rows if row.in_effect],
        "others": [row for row in rows if not row.in_effect],
        "accounts": accounts,
        "old": any(row.old for row in rows),
        "old_days": prices.OLD_AFTER.days,
        "stale_days": prices.STALE_AFTER.days,
    }
    return render(request, "costs/prices.html", context)


@require_POST
@needs(Scope.ADMIN)
def refresh_prices(request: PageRequest) -> HttpResponse:
    """Ask every account for its own rates now."""
    words = f"{request.actor.name} asked for the accounts’ own prices."
    audit.record(request.actor, "ask_for_prices", summary=words)
    for account in Account.objects.exclude(token_id=""):
        said = prices.refresh(account)
        if said:
            messages.warning(request, f"{account.name}: {said}")
        else:
            messages.success(request, f"{account.name}: its own rates are written.")
    return redirect("deployments:prices")


@require_POST
@needs(Scope.ADMIN)
def confirm_prices(request: PageRequest) -> HttpResponse:
    """The public prices were compared with the provider's list and hold."""
    confirmed = prices.confirm(actor=request.actor)
    messages.success(request, f"{confirmed} public prices are confirmed as of today.")
    return redirect("deployments:prices")

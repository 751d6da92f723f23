"""`/costs/bills/`: what the panel counted beside what the provider bills."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from deployments.models import Account, Deployment
from deployments.planning.power import Scope
from deployments.services import audit, bill_compare, bill_findings, bills

from . import cost_period
from .access import PageRequest, needs
from .costs import read


@require_safe
@needs(Scope.READ)
def bill_page(request: PageRequest) -> HttpResponse:
    """The same hours twice, by deployment and by day, with the likely cause of each difference."""
    now = timezone.now()
    asked = read(request, now)
    compared = bill_compare.compare(asked.period.window, asked.only, now)
    context = {
        "nav": "costs",
        "asked": asked,
        "period": asked.period,
        "presets": cost_period.PRESETS,
        "deployments": Deployment.objects.order_by("name"),
        "accounts": bill_compare.accounts(asked.only),
        "compared": compared,
        "by_deployment": compared.by_deployment(),
        "findings": bill_findings.findings(now, asked.only.deployment_ids).values(),
    }
    return render(request, "costs/bills.html", context)


@require_POST
@needs(Scope.ADMIN)
def fetch_bills(request: PageRequest) -> HttpResponse:
    """Read every account's report now."""
    audit.record(request.actor, "read_bills", summary=f"{request.actor.name} asked for the accounts’ bills.")
    for account in Account.objects.exclude(token_id=""):
        said = bills.fetch(account)
        if said:
            messages.warning(request, f"{account.name}: {said}")
        else:
            messages.success(request, f"{account.name}: its report is read.")
    return redirect("deployments:bills")

"""Start: what it will cost, then the one press that spends."""

from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from deployments.ledger.comparisons import DEDICATED_SOURCE
from deployments.models import Deployment
from deployments.planning.power import Scope
from deployments.services import budgets, first_budget, requests, status
from deployments.services.errors import Refused
from deployments.services.quote import left
from deployments.services.views import Quote

from . import words
from .access import PageRequest, needs
from .answers import acted, dialog
from .choices import starts
from .forms import EndForm
from .lookup import deployment_of


@require_safe
@needs(Scope.WAKE)
def start_dialog(request: PageRequest, slug: str) -> HttpResponse:
    """The dialog with its quote for what is chosen so far; asking costs nothing."""
    form = EndForm(request.GET or {"keep": "idle"})
    form.is_valid()
    return dialog(request, "start", _context(request, deployment_of(request, slug), form))


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Scope.WAKE)
def start(request: PageRequest, slug: str) -> HttpResponse:
    """POST lights it. GET is the same form as a page, for browsers without scripts."""
    deployment = deployment_of(request, slug)
    form = EndForm(request.POST if request.method == "POST" else request.GET or {"keep": "idle"})
    valid = form.is_valid()
    if request.method != "POST":
        return dialog(request, "start", _context(request, deployment, form))
    if not valid:
        return dialog(request, "start", _context(request, deployment, form), status=422)
    try:
        requests.start(deployment, actor=request.actor, until=form.end(timezone.now()), **_wishes(form))
    except Refused as error:
        context = _context(request, deployment, form) | {"refused": error.message}
        return dialog(request, "start", context, status=error.status)
    text = f"{deployment.name} is being lit. You can close this page: it goes on."
    return acted(request, text, reverse("deployments:overview", args=[slug]))


def _wishes(form: EndForm) -> dict[str, Any]:
    data = form.cleaned_data
    return {"reason": data["reason"], "accept_download": data["accept_download"]}


def _context(request: PageRequest, deployment: Deployment, form: EndForm) -> dict[str, Any]:
    now = timezone.now()
    offered = starts(deployment, form, actor=request.actor, now=now)
    chosen = next((choice for choice in offered if choice.chosen), None)
    quote = chosen.quote if chosen else None
    found = budgets.views(budgets.applying(deployment, request.actor), now, fresh=False)
    return {
        "nav": "deployments",
        "deployment": deployment,
        "status": status.status_of(deployment, actor=request.actor),
        "form": form,
        "choices": offered,
        "quote": quote,
        "end_words": _end_words(quote),
        "waiting_usd": _waiting_usd(quote),
        "budgets": found,
        "left": left(found, quote) if quote else [],
        "no_budget": not found and first_budget.is_open(),
        "dedicated_source": DEDICATED_SOURCE,
    }


def _end_words(quote: Quote | None) -> str:
    if quote is None or quote.until is None:
        return "until idle"
    return f"until {words.until(quote.until, now=timezone.now())}"


def _waiting_usd(quote: Quote | None) -> Decimal | None:
    """What the GPUs cost while they wait for a download, in USD."""
    if quote is None or not quote.download_s:
        return None
    return quote.price_usd_per_hour * Decimal(quote.download_s) / 3600

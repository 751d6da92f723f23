"""Extend a lease, or give it back."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from deployments.models import Deployment
from deployments.planning.power import Scope
from deployments.services import requests, status
from deployments.services.errors import Refused
from deployments.services.views import StatusView

from . import words
from .access import PageRequest, needs
from .answers import acted, dialog, refused
from .choices import extensions
from .forms import EndForm
from .lookup import deployment_of


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Scope.OPERATE)
def extend(request: PageRequest, slug: str) -> HttpResponse:
    """GET asks until when, POST moves the end."""
    deployment = deployment_of(request, slug)
    asked = request.POST if request.method == "POST" else request.GET
    form = EndForm(asked or {"keep": "hours", "hours": "1"})
    valid = form.is_valid()
    context = _context(request, deployment, form)
    if request.method != "POST" or not valid:
        wrong = request.method == "POST" and not valid
        return dialog(request, "extend", context, status=422 if wrong else 200)
    try:
        lease = requests.extend(_lease_id(request), actor=request.actor, until=form.end(timezone.now()))
    except Refused as error:
        return dialog(request, "extend", context | {"refused": error.message}, status=error.status)
    end = words.until(lease.until, now=timezone.now()) if lease.until else "idle"
    return acted(request, f"It stays lit until {end}.", reverse("deployments:overview", args=[slug]))


@require_POST
@needs(Scope.WAKE)
def give_back(request: PageRequest, lease_id: int) -> HttpResponse:
    """End one's own lease; it goes out when nobody else holds it."""
    try:
        lease = requests.give_back(lease_id, actor=request.actor)
    except Refused as error:
        return refused(request, error, reverse("deployments:home"))
    to = reverse("deployments:overview", args=[lease.deployment.slug])
    return acted(request, "Given back. It goes out when nobody else holds it.", to)


def _lease_id(request: PageRequest) -> int:
    text = request.POST.get("lease", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _context(request: PageRequest, deployment: Deployment, form: EndForm) -> dict[str, Any]:
    view = status.status_of(deployment, actor=request.actor)
    offered = extensions(deployment, form, usd_per_hour=view.price_usd_per_hour, now=timezone.now())
    chosen = next((choice for choice in offered if choice.chosen), None)
    leases = _extendable(view)
    refusal = "" if leases else "Nobody holds it at the moment: start it instead."
    return {
        "nav": "deployments", "deployment": deployment, "status": view, "form": form, "choices": offered,
        "leases": leases, "refused": refusal, "usd": chosen.usd if chosen else None,
    }  # fmt: skip


def _extendable(view: StatusView) -> list[Any]:
    """One's own leases first; an operator may extend another's."""
    return sorted(view.leases, key=lambda lease: not lease.mine)

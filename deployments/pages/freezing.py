"""Put everything out, and lift that again."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from deployments.planning.lifecycle import BURNING
from deployments.planning.power import Scope
from deployments.services import auto_rollback, frozen, orphan_requests, status
from deployments.services.errors import Refused

from .access import PageRequest, needs
from .answers import acted, refused


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Scope.OPERATE)
def freeze(request: PageRequest) -> HttpResponse:
    """GET names what would go out, POST does it."""
    context: dict[str, Any] = {"reason": request.POST.get("reason", "")[:200], "refused": ""}
    if request.method == "POST":
        try:
            frozen.freeze(actor=request.actor, reason=context["reason"])
        except Refused as error:
            context["refused"] = error.message
        else:
            text = "Everything is being put out. Nothing can be lit until an admin lifts the freeze."
            return acted(request, text, reverse("deployments:home"))
    unexplained = orphan_requests.burning(timezone.now()) if request.actor.deployments is None else []
    lit = [one for one in status.statuses(actor=request.actor) if one.state in BURNING]
    going_back = auto_rollback.waiting() if request.actor.deployments is None else []
    context |= {"lit": lit, "unexplained": unexplained, "going_back": going_back}
    return render(request, "deployments/freeze.html", context)


@require_POST
@needs(Scope.ADMIN)
def lift(request: PageRequest) -> HttpResponse:
    """Let servers be lit again; lights none."""
    try:
        frozen.lift_freeze(actor=request.actor)
    except Refused as error:
        return refused(request, error, reverse("deployments:home"))
    return acted(request, "The freeze is lifted. Nothing was lit by that.", reverse("deployments:home"))

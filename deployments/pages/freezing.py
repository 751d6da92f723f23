"""Put everything out, and lift that again."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from deployments.planning.lifecycle import BURNING
from deployments.planning.power import Scope
from deployments.services import auto_rollback, deadman, frozen, on_call, orphan_requests, status
from deployments.services.errors import Refused

from .access import PageRequest, needs
from .answers import acted, dialog, refused

_PUT_OUT = "Everything is being put out. Nothing can be lit until an admin lifts the freeze."
_NO_WORKER = (
    "The freeze is written down, but no worker runs to carry it out: what is lit stays lit until one does."
    " On call shows the provider’s own commands."
)


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
            text = _PUT_OUT if deadman.worker_reports(timezone.now()) else _NO_WORKER
            return acted(request, text, reverse("deployments:home"))
    now = timezone.now()
    dead = not deadman.worker_reports(now)
    unexplained = orphan_requests.burning(now) if request.actor.deployments is None else []
    lit = [one for one in status.statuses(actor=request.actor) if one.state in BURNING]
    shown = {"lit": lit, "unexplained": unexplained, "usd_per_hour": status.burning(now).usd_per_hour}
    ways = [way for way in on_call.ways_out() if way.lit] if dead else []
    shown["going_back"] = auto_rollback.waiting() if request.actor.deployments is None else []
    return dialog(request, "freeze", {**shown, "dead": dead, "ways": ways, **context})


@require_POST
@needs(Scope.ADMIN)
def lift(request: PageRequest) -> HttpResponse:
    """Let servers be lit again; lights none."""
    try:
        frozen.lift_freeze(actor=request.actor)
    except Refused as error:
        return refused(request, error, reverse("deployments:home"))
    return acted(request, "The freeze is lifted. Nothing was lit by that.", reverse("deployments:home"))

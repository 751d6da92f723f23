"""`/costs/unexplained/`: what is at the provider and no deployment explains, and putting it out."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from deployments.models import OrphanKind
from deployments.planning.power import Scope
from deployments.services import deadman, orphan_requests
from deployments.services.errors import Refused, not_found
from deployments.services.orphan_requests import OrphanView

from .access import PageRequest, needs
from .answers import acted, refused


@require_safe
@needs(Scope.READ)
def unexplained(request: PageRequest) -> HttpResponse:
    """What burns or could, what others run beside it, what was lit from outside, and the outside alarm."""
    now = timezone.now()
    found = orphan_requests.views(orphan_requests.open_to(request.actor), now)
    there = [view for view in found if view.state != "gone"]
    context = {
        "nav": "costs",
        "ours": [view for view in there if view.row.kind != OrphanKind.OUTSIDER],
        "others": [view for view in there if view.row.kind == OrphanKind.OUTSIDER],
        "gone": [view for view in found if view.state == "gone"],
        "wakes": orphan_requests.outside_wakes(request.actor, now),
        "deadman": deadman.report(now),
    }
    return render(request, "costs/unexplained.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Scope.OPERATE)
def put_out_unexplained(request: PageRequest, orphan_id: int) -> HttpResponse:
    """GET names what would be ended, POST orders it."""
    to = reverse("deployments:unexplained")
    try:
        if request.method != "POST":
            return render(request, "costs/put_out.html", {"nav": "costs", "view": _view(request, orphan_id)})
        row = orphan_requests.put_out(orphan_id, actor=request.actor)
    except Refused as error:
        return refused(request, error, to)
    return acted(request, f"{row.app_name} is being put out.", to)


def _view(request: PageRequest, orphan_id: int) -> OrphanView:
    rows = orphan_requests.open_to(request.actor).filter(pk=orphan_id)
    found = orphan_requests.views(rows, timezone.now())
    if not found:
        raise not_found("That app")
    return found[0]

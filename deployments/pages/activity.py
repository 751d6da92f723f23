"""`/activity/`: who did what, from where, when, at which price."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from deployments.models import Action
from deployments.planning.power import Scope
from deployments.services import status

from .access import PageRequest, needs
from .paging import cursor

_PAGE = 50


@require_safe
@needs(Scope.READ)
def activity(request: PageRequest) -> HttpResponse:
    """Newest first, by pages, of one deployment or of all."""
    deployments = list(status.visible(request.actor).order_by("name"))
    chosen = request.GET.get("deployment", "")
    rows = Action.objects.select_related("deployment").order_by("-id")
    if chosen:
        rows = rows.filter(deployment__in=[one.pk for one in deployments if one.slug == chosen])
    if (before := cursor(request)) is not None:
        rows = rows.filter(id__lt=before)
    actions = list(rows[:_PAGE])
    context = {
        "nav": "activity",
        "actions": actions,
        "deployments": deployments,
        "chosen": chosen,
        "older": actions[-1].pk if len(actions) == _PAGE else None,
    }
    return render(request, "deployments/activity.html", context)

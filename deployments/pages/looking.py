"""The look at the provider: on request, and kept with its time."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from deployments.models import OPEN_DOWNLOADS, Deployment
from deployments.planning.outside import CheckState
from deployments.planning.power import Actor, Scope
from deployments.services import outside
from deployments.services.errors import Refused
from deployments.services.outside import Look
from deployments.services.releases import checked_spec

from .access import PageRequest, needs
from .answers import FRAGMENT, refused
from .lookup import deployment_of


@require_POST
@needs(Scope.OPERATE)
def look(request: PageRequest, slug: str) -> HttpResponse:
    """Ask the provider about the saved configuration. Free: nothing is woken, deployed or changed."""
    deployment = deployment_of(request, slug)
    to = reverse("deployments:settings", args=[slug])
    try:
        seen = outside.look(deployment, checked_spec(deployment.config), actor=request.actor)
    except Refused as error:
        return refused(request, error, to)
    if not request.htmx:
        messages.success(request, f"The provider was looked at: {summary(seen)}.")
        return redirect(f"{to}#outside")
    context = {"deployment": deployment, "place": _place(request.POST.get("place", ""))}
    context |= outside_of(deployment, request.actor, seen)
    response = render(request, "deployments/_outside.html", context)
    response[FRAGMENT] = "yes"
    return response


def _place(asked: str) -> str:
    """Where it stands: in the dialog of a release, on its page, or in a card of its own."""
    return asked if asked in ("dialog", "page") else ""


def outside_of(deployment: Deployment, actor: Actor, seen: Look | None = None) -> dict[str, Any]:
    """The context of `_outside.html`: the newest look, or the one that was made in this moment."""
    seen = seen or outside.newest(deployment)
    return {
        "look": seen,
        "look_words": summary(seen) if seen is not None else "",
        "may_look": actor.may(Scope.OPERATE, deployment.slug),
        "may_download": _may_download(deployment, actor),
    }


def _may_download(deployment: Deployment, actor: Actor) -> bool:
    """A download fetches what the next start would use: offered only where that is what was looked at."""
    release = deployment.current_release
    names = ("model", "revision", "volumes")
    same = release is None or all(release.spec.get(n) == deployment.config.get(n) for n in names)
    under_way = deployment.downloads.filter(status__in=OPEN_DOWNLOADS).exists()
    return same and actor.may(Scope.OPERATE, deployment.slug) and not under_way


def summary(seen: Look) -> str:
    """Such as "1 refuses, 2 to know, 1 not seen"; "nothing is in the way" where there is none of these."""
    counts = {state: sum(check.state is state for check in seen.checks) for state in CheckState}
    told = {
        CheckState.ERROR: "stands in the way" if counts[CheckState.ERROR] == 1 else "stand in the way",
        CheckState.WARNING: "to know",
        CheckState.UNKNOWN: "could not be seen",
    }
    parts = [f"{counts[state]} {words}" for state, words in told.items() if counts[state]]
    return ", ".join(parts) or "nothing is in the way"

"""Sleep and Turn off. Both ask again only where somebody else is using it."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from deployments.models import Deployment
from deployments.planning.power import Scope
from deployments.providers.base import scaled
from deployments.services import requests, status
from deployments.services.errors import Refused
from deployments.services.facts import spec_of
from deployments.services.quiet import quiet_of
from deployments.services.sentences import clock

from . import words
from .access import PageRequest, needs
from .answers import acted, dialog, refused
from .lookup import deployment_of

_SLEEP = ("Sleep", "sleep", "{} is going out. You can wake it again at any time.")
_OFF = ("Turn off", "turn-off", "{} is being turned off. Nothing can wake it until somebody starts it.")


@require_POST
@needs(Scope.WAKE)
def sleep(request: PageRequest, slug: str) -> HttpResponse:
    """Put it to sleep: it costs nothing and can wake."""
    return _put_out(request, slug, requests.sleep, *_SLEEP)


@require_POST
@needs(Scope.WAKE)
def turn_off(request: PageRequest, slug: str) -> HttpResponse:
    """End it at the provider: it cannot wake."""
    return _put_out(request, slug, requests.turn_off, *_OFF)


def _put_out(
    request: PageRequest, slug: str, order: Callable[..., None], verb: str, name: str, done: str
) -> HttpResponse:
    deployment = deployment_of(request, slug)
    to = reverse("deployments:overview", args=[slug])
    try:
        order(deployment, actor=request.actor, force=request.POST.get("force") == "yes")
    except Refused as error:
        if error.code != "in_use":
            return refused(request, error, to)
        action = reverse(f"deployments:{name}", args=[slug])
        context = _in_use(request, deployment, error) | {"verb": verb, "action": action}
        return dialog(request, "in_use", context, status=error.status)
    return acted(request, done.format(deployment.name) + _quiet_words(deployment, name), to)


def _quiet_words(deployment: Deployment, name: str) -> str:
    quiet = quiet_of(deployment, timezone.now()) if name == "sleep" else None
    if quiet is None:
        return ""
    return f" Requests of keys wake it from {clock(timezone.localtime(quiet.until))} on."


def _in_use(request: PageRequest, deployment: Deployment, error: Refused) -> dict[str, Any]:
    names = [str(name) for name in error.fields.get("in_use_by", [])]
    drain = scaled(spec_of(deployment).drain_limit_s, deployment.account.speed).total_seconds()
    return {
        "nav": "deployments",
        "deployment": deployment,
        "status": status.status_of(deployment, actor=request.actor),
        "who": " and ".join(names) or "Somebody else",
        "uses": "are using" if len(names) > 1 else "is using",
        "consequence": f"It waits up to {words.duration(drain)} for requests in flight, then stops."
        " Whoever still waits then gets no answer.",
        "may_force": request.actor.may(Scope.OPERATE, deployment.slug),
        "refused": error.message,
    }

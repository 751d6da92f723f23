"""`/on-call/`: the panel itself at a glance, and what to do about each of its alarms."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from deployments.pages.access import PageRequest, needs
from deployments.pages.live import answer
from deployments.public import Scope, current_freeze, ways_out

from . import runbooks as books
from .facts import facts
from .verdicts import verdicts, worst


@never_cache
@require_safe
@needs(Scope.OPERATE)
def on_call(request: PageRequest) -> HttpResponse:
    """Every part with its verdict, the last errors, and the way out without the panel. Wakes nothing."""
    return render(request, "oncall/on_call.html", {"nav": "on-call", "ways": ways_out(), **_state()})


@require_safe
@needs(Scope.OPERATE)
def on_call_state(request: PageRequest) -> HttpResponse:
    """The part that lives."""
    return answer(request, "oncall/_state.html", _state())


@require_safe
@needs(Scope.READ)
def runbooks(request: HttpRequest) -> HttpResponse:
    """The runbooks of docs/operations.md, so that nobody has to look for them at night."""
    return render(request, "oncall/runbooks.html", {"nav": "on-call", "runbooks": books.runbooks()})


def _state() -> dict[str, Any]:
    now = timezone.now()
    found = facts(now)
    checks = verdicts(found)
    return {"facts": found, "checks": checks, "worst": worst(checks), "freeze": current_freeze()}

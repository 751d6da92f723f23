"""How an action is answered: a notice beside what changed for htmx, a message and a redirect without it."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django_htmx.http import reswap, trigger_client_event

from deployments.services.errors import Refused

from .access import PageRequest

FRAGMENT = "Panel-Fragment"  # static/js/live.js swaps a refused answer only where it says so


def acted(request: PageRequest, text: str, to: str) -> HttpResponse:
    """It was done: dialogs close, live parts refresh, and `text` says what happens now."""
    if not request.htmx:
        messages.success(request, text)
        return redirect(to)
    response = render(request, "deployments/_notice.html", {"tone": "done", "text": text})
    return trigger_client_event(reswap(response, "none"), "panel:acted", {})


def refused(request: PageRequest, error: Refused, to: str) -> HttpResponse:
    """It was refused: the reason with its remedy, nothing else changes."""
    if not request.htmx:
        messages.error(request, error.message)
        return redirect(to)
    context = {"tone": "fault", "text": error.message}
    response = render(request, "deployments/_notice.html", context, status=error.status)
    response[FRAGMENT] = "yes"
    return trigger_client_event(reswap(response, "none"), "panel:acted", {})


def dialog(
    request: PageRequest,
    name: str,
    context: dict[str, Any],
    *,
    status: int = 200,
    folder: str = "deployments",
) -> HttpResponse:
    """`name` of the templates' `folder` as a dialog for htmx, as a page of its own without it."""
    if not request.htmx:
        return render(request, f"{folder}/{name}.html", context, status=status)
    response = render(request, f"{folder}/_{name}_dialog.html", context, status=status)
    response[FRAGMENT] = "yes"
    return response

"""How an action is answered: JSON for the page's script, a message and a redirect for a browser without."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect

from chat.services.errors import ChatRefused

from .access import PageRequest

SCRIPTED = "Panel-Script"  # the header by which static/js/chat-post.js asks for JSON
_STATUS = {"not_found": 404, "busy": 409, "cannot": 409, "too_large": 413}


def scripted(request: PageRequest) -> bool:
    """True where the page's own script asks."""
    return SCRIPTED in request.headers


def done(request: PageRequest, to: str, **facts: Any) -> HttpResponse:
    """It was done; `facts` are for the script, `to` is where others go."""
    return JsonResponse(facts) if scripted(request) else redirect(to)


def refused(request: PageRequest, error: ChatRefused, to: str) -> HttpResponse:
    """It was refused, and nothing is lost: the reason, with the fields that are wrong."""
    if not scripted(request):
        messages.error(request, error.message)
        return redirect(to)
    facts = {"code": error.code, "message": error.message, "fields": error.fields}
    return JsonResponse(facts, status=_STATUS.get(error.code, 422))

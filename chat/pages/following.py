"""What a page that is open already asks for: which turns there are, single turns, and how a wake goes on."""

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_safe

from chat.models import WAITS_AT_MOST, Conversation, Generator, Message, Status
from chat.services import conversations
from chat.services.branch import branch
from deployments.pages import live
from deployments.public import deployment_status

from . import places
from .access import PageRequest, chats, own_message
from .talk import around
from .turns import Turn, turns

_MOST = 50


@require_safe
@chats
def order(request: PageRequest, slug: str, public_id: str) -> HttpResponse:
    """The turns of the branch with their marks; 204 where the page has this state (`?have=`) already."""
    row = conversations.found(request.user, public_id)
    head = row.head
    state = f"{row.updated_at.timestamp()}.{row.head_id}.{head.status if head else ''}"
    if request.GET.get("have") == state:
        return HttpResponse(status=204)
    shown = turns(branch(row))
    pairs = [(one.message.public_id, one.mark) for one in shown]
    return JsonResponse({"state": state, "title": row.title, "draft": row.draft, "turns": pairs})


@require_safe
@chats
def beside(request: PageRequest, slug: str, public_id: str) -> HttpResponse:
    """The markup around the turns: list, title, gauge."""
    context = around(request, conversations.found(request.user, public_id))
    names = {"list": "chat/_list.html", "title": "chat/_title.html", "gauge": "chat/_gauge.html"}
    return JsonResponse({key: render_to_string(name, context, request) for key, name in names.items()})


@require_safe
@chats
def some_turns(request: PageRequest, slug: str, public_id: str) -> HttpResponse:
    """The markup of the turns named in `?ids=`, fifty at most."""
    row = conversations.found(request.user, public_id)
    wanted = set(request.GET.get("ids", "").split(",")[:_MOST])
    shown = turns(branch(row, only=wanted))
    return JsonResponse({"turns": {one.message.public_id: _markup(request, one, row) for one in shown}})


def _markup(request: PageRequest, one: Turn, row: Conversation) -> str:
    context = {"turn": one, "conversation": row, "slug": row.deployment_slug}
    return render_to_string("chat/_turn.html", context, request)


@require_safe
@chats
def foot(request: PageRequest, public_id: str) -> HttpResponse:
    """What stands below a reply that has just ended: receipt, actions, and why it failed if it did."""
    message = own_message(request, public_id)
    found = turns(branch(message.conversation, only={public_id}))
    if not found:
        return HttpResponse(status=204)
    row = message.conversation
    context = {"turn": found[0], "conversation": row, "slug": row.deployment_slug}
    response = render(request, "chat/_foot.html", context)
    response["Panel-Mark"] = found[0].mark
    return response


@require_safe
@chats
def editing(request: PageRequest, public_id: str) -> HttpResponse:
    """A question as a form; a page of its own address without scripts."""
    message = own_message(request, public_id)
    if not request.htmx:
        to = f"{places.conversation(message.conversation)}?edit={public_id}#m-{public_id}"
        return redirect(to)
    return render(request, "chat/_edit.html", {"message": message, "conversation": message.conversation})


@require_safe
@chats
def waiting(request: PageRequest, public_id: str) -> HttpResponse:
    """How the wake goes on that a reply waits for, live."""
    message = own_message(request, public_id)
    return live.answer(request, "chat/_waiting.html", waiting_context(request, message))


def waiting_context(request: PageRequest, message: Message) -> dict[str, Any]:
    """The state sentence says phase, progress, time left and the dollars so far; or that nobody writes."""
    status = deployment_status(message.conversation.deployment_slug, request.actor)
    now = timezone.now()
    alone = message.status == Status.QUEUED and not Generator.objects.alive(now).exists()
    return {
        "message": message,
        "waits": message.status in (Status.QUEUED, Status.WAKING),
        "wake": status,
        "no_generator": alone,
        "ends_at": message.waits_since + WAITS_AT_MOST,
        "poll_s": 2,
    }

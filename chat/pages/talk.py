"""`/deployments/{slug}/chat/`: a new conversation, and those before; `…/{id}/`: one of them."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from chat.models import Conversation
from chat.services import conversations
from chat.services.branch import branch
from chat.services.estimate import context_use
from deployments.pages.head import head
from deployments.pages.lookup import deployment_of

from . import places
from .access import PageRequest, chats
from .forms import ParametersForm, parameters_of
from .previewing import chosen_page
from .sending import sending_now
from .turns import Turn, turns

_LISTED = 40


@require_safe
@chats
def index(request: PageRequest, slug: str) -> HttpResponse:
    """A new conversation; nothing is written before something is sent or attached."""
    return render(request, "chat/conversation.html", frame(request, slug, None))


@require_safe
@chats
def conversation(request: PageRequest, slug: str, public_id: str) -> HttpResponse:
    """One conversation, at its newest branch."""
    row = conversations.found(request.user, public_id)
    if row.deployment_slug != slug:
        return redirect(places.conversation(row))
    return render(request, "chat/conversation.html", frame(request, slug, row))


def frame(
    request: PageRequest, slug: str, row: Conversation | None, form: ParametersForm | None = None
) -> dict[str, Any]:
    """All that the page shows. `form` is one with errors."""
    shown = turns(branch(row)) if row is not None else []
    return head(request, deployment_of(request, slug), "chat") | {
        "slug": slug,
        "conversation": row,
        "turns": shown,
        "live": next((turn for turn in shown if turn.message.is_live), None),
        "editing": request.GET.get("edit", ""),
        "preview": _preview(shown, request.GET.get("preview", "")),
        "sending": sending_now(request, slug),
        "parameters": form or ParametersForm(initial=parameters_of(row)),
        "settings_open": form is not None or "settings" in request.GET,
        **composer(row),
        **_listed(request, slug),
    }


def around(request: PageRequest, row: Conversation) -> dict[str, Any]:
    """What changes beside the turns: the list, the title, the context that is used."""
    context = {"slug": row.deployment_slug, "conversation": row}
    return context | composer(row) | _listed(request, row.deployment_slug)


def _listed(request: PageRequest, slug: str) -> dict[str, Any]:
    query = request.GET.get("q", "").strip()[:200]
    after = request.GET.get("after") or None
    rows = conversations.listed(request.user, query=query, slug=slug, after=after, limit=_LISTED + 1)
    more = rows[_LISTED - 1].public_id if len(rows) > _LISTED else ""
    return {"listed": rows[:_LISTED], "more": more, "query": query}


def composer(row: Conversation | None) -> dict[str, Any]:
    """The unsent part: draft, files, and how much of the context they take."""
    if row is None:
        return {"draft": "", "files": [], "gauge": None}
    files = row.attachments.filter(message__isnull=True).defer("text")
    return {"draft": row.draft, "files": list(files), "gauge": gauge(row, row.draft)}


def gauge(row: Conversation, draft: str) -> dict[str, Any] | None:
    """How much of the context the next message takes; None where the model names no limit."""
    use = context_use(row, draft)
    if use.limit is None:
        return None
    percent = min(100, round(100 * use.used / use.limit))
    return {"used": use.used, "limit": use.limit, "percent": percent, "parts": use.parts}


def _preview(shown: list[Turn], wanted: str) -> dict[str, Any] | None:
    """`?preview=<message>.<n>`: the page that stands beside the talk."""
    public_id, _, n = wanted.partition(".")
    for one in shown:
        if one.message.public_id == public_id:
            page = chosen_page(one.pages, n)
            return {"message": one.message, "page": page} if page else None
    return None

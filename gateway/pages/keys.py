"""`/keys/`: whose keys there are, what they may do and did, a new one, and the end of one."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from deployments.pages.access import PageRequest, needs
from deployments.pages.answers import dialog
from deployments.pages.paging import cursor
from deployments.public import Scope, deployment_names
from gateway.key_errors import KeyRefused
from gateway.keys import create_key, list_keys, owner_of, revoke_key
from gateway.models import ApiKey

from . import key_choices, key_draft, once
from .key_rows import rows

_PAGE = 50


@require_safe
@needs(Scope.READ)
def key_list(request: PageRequest) -> HttpResponse:
    """Newest first, by pages: one's own, or everyone's for an admin, who can name one person."""
    now, asked = timezone.now(), _asked(request)
    keys = list_keys(request.actor).order_by("-id")
    if asked["owner"]:
        keys = keys.filter(owner__username=asked["owner"])
    if not asked["ended"]:
        keys = keys.valid(now=now)
    if (before := cursor(request)) is not None:
        keys = keys.filter(pk__lt=before)
    found = list(keys[: _PAGE + 1])
    context = {
        "nav": "keys",
        "rows": rows(found[:_PAGE], now=now),
        "older": found[_PAGE - 1].pk if len(found) > _PAGE else None,
        "everyone": request.actor.may(Scope.ADMIN),
        "may_make": request.actor.may(Scope.CHAT),
        **asked,
    }
    if context["everyone"]:
        context["owners"] = _owners(request)
    return render(request, "gateway/keys.html", context)


def _asked(request: PageRequest) -> dict[str, Any]:
    return {"owner": request.GET.get("owner", "")[:150], "ended": bool(request.GET.get("ended"))}


def _owners(request: PageRequest) -> list[dict[str, str]]:
    """Whoever has a key, by user name."""
    found = list_keys(request.actor).order_by("owner__username").values_list("owner__username").distinct()
    return [{"username": username} for (username,) in found]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@needs(Scope.CHAT)
def new_key(request: PageRequest) -> HttpResponse:
    """GET is the form; POST makes the key and shows its secret, in this one answer and nowhere else."""
    if request.method != "POST":
        return _form(request, key_draft.blank(request.actor))
    draft, now = key_draft.sent(request.POST), timezone.now()
    if once.used(request):
        messages.info(request, "That form was sent before: its key is in the list, its secret is not.")
        return redirect("gateway:keys")
    try:
        key, secret = create_key(
            actor=request.actor, owner=owner_of(request.actor), now=now, **draft.fields(now)
        )
    except KeyRefused as refusal:
        return _form(request, draft, refusal)
    once.note(request)
    context = {
        "nav": "keys",
        "key": key,
        "secret": secret,
        "asleep": key_choices.SHORT_ASLEEP[key.when_asleep],
    }
    return render(request, "gateway/key_made.html", context | {"nav": "keys"})


def _form(request: PageRequest, draft: key_draft.Draft, refusal: KeyRefused | None = None) -> HttpResponse:
    fields = dict(refusal.fields) if refusal else {}
    context = {
        "nav": "keys",
        "draft": draft,
        "scopes": key_choices.scopes_for(request.actor),
        "asleep": key_choices.ASLEEP,
        "expiries": key_choices.EXPIRIES,
        "deployments": deployment_names(request.actor),
        "may_wake": request.actor.may(Scope.WAKE),
        "wrong": fields,
        "refused": refusal.message if refusal and not fields else "",
        "form_token": once.token(),
    }
    return render(request, "gateway/key_new.html", context, status=refusal.status if refusal else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Scope.CHAT)
def revoke(request: PageRequest, key_id: int) -> HttpResponse:
    """GET says who would feel it, POST ends the key for good."""
    key = _key(request, key_id)
    if request.method != "POST":
        (row,) = rows([key], now=timezone.now())
        return dialog(request, "revoke", {"nav": "keys", "row": row, "key": key}, folder="gateway")
    revoke_key(key.pk, actor=request.actor)
    messages.success(request, f"“{key.name}” is revoked. The gateway feels it within 5 s.")
    return redirect("gateway:keys")


def _key(request: PageRequest, key_id: int) -> ApiKey:
    key = list_keys(request.actor).filter(pk=key_id).first()
    if key is None:
        raise Http404("There is no such key, or it is somebody else’s.")
    return key

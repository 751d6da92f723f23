"""`/deployments/{slug}/connect/`: how each client is configured, a key, and a check that wakes nothing."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from deployments.pages import words
from deployments.pages.access import PageRequest, needs
from deployments.pages.head import head, price_of_start
from deployments.pages.lookup import deployment_of
from deployments.public import ClientFacts, Scope, client_facts, routes
from gateway.clients.catalogue import CLIENTS, Client, Snippet, snippets
from gateway.clients.setup import Setup, setup
from gateway.door.routing import model_ids
from gateway.key_errors import KeyRefused
from gateway.keys import create_key, owner_of
from gateway.models import ApiKey

from . import once
from .connection_check import check
from .key_choices import ASLEEP
from .key_draft import SOME, Draft

_FRESH_SCOPES = (Scope.READ, Scope.CHAT, Scope.WAKE)


@dataclass(frozen=True, slots=True)
class Shown:
    """A client with its snippets."""

    client: Client
    snippets: list[Snippet]


@never_cache
@sensitive_post_parameters("key")
@require_http_methods(["GET", "HEAD", "POST"])
@needs(Scope.READ)
def connect(request: PageRequest, slug: str) -> HttpResponse:
    """GET is the page; POST makes a key and shows the page with it filled in, this once."""
    if request.method != "POST":
        return _page(request, slug)
    if once.used(request):
        return _page(request, slug, refused="That form was sent before; its key is in the list of keys.")
    try:
        key, secret = _made(request, slug)
    except KeyRefused as refusal:
        return _page(request, slug, refused=refusal.message, status=refusal.status)
    once.note(request)
    return _page(request, slug, key=key, secret=secret)


def _made(request: PageRequest, slug: str) -> tuple[ApiKey, str]:
    """A key for this deployment alone, with what its owner's role gives of reading, asking and waking."""
    deployment, now = deployment_of(request, slug), timezone.now()
    scopes = tuple(scope.value for scope in _FRESH_SCOPES if request.actor.may(scope, slug))
    chosen = request.POST.get("when_asleep", "") if Scope.WAKE in scopes else ""
    name = request.POST.get("name", "").strip() or f"for {deployment.name}"[:80]
    draft = Draft(name, scopes, SOME, (slug,), "90d", "", chosen, "")
    return create_key(actor=request.actor, owner=owner_of(request.actor), now=now, **draft.fields(now))


@never_cache
@sensitive_post_parameters("key")
@require_POST
@needs(Scope.READ)
def connect_check(request: PageRequest, slug: str) -> HttpResponse:
    """What a request with the pasted key would meet now, found without one: a list, or the page with it."""
    deployment_of(request, slug)
    secret = request.POST.get("key", "").strip()[:200]
    lines = check(secret, slug, actor=request.actor, now=timezone.now())
    if request.htmx:
        return render(request, "gateway/_check.html", {"lines": lines})
    return _page(request, slug, secret=secret, lines=lines)


def _page(
    request: PageRequest, slug: str, *, key: ApiKey | None = None, secret: str = "", status: int = 200,
    **more: Any,
) -> HttpResponse:  # fmt: skip
    deployment = deployment_of(request, slug)
    facts = client_facts(slug, request.actor)
    if facts is None:
        raise Http404(f"There is no deployment “{slug}”.")
    values = _values(facts, secret)
    context = head(request, deployment, "connect") | {
        "setup": values,
        "clients": [Shown(client, snippets(client, values)) for client in CLIENTS],
        "key": key,
        "secret": secret,
        "reason": reason(facts),
        "asleep": ASLEEP if request.actor.may(Scope.WAKE, slug) else (),
        "may_make": request.actor.may(Scope.CHAT, slug),
        "wake_quote": price_of_start(deployment),
        "form_token": once.token(),
        **more,
    }
    return render(request, "gateway/connect.html", context, status=status)


def _values(facts: ClientFacts, secret: str) -> Setup:
    known = routes()
    names = dict(zip((route.slug for route in known), model_ids(known), strict=True))
    model = names.get(facts.slug, facts.served_name)
    return setup(facts, root_url=settings.PANEL_PUBLIC_URL, model=model, key=secret)


def reason(facts: ClientFacts) -> str:
    """Why the time-out is what it is, in a sentence."""
    slow = words.duration(facts.ready_p90_s)
    if facts.starts:
        found = f"Measured: nine of ten of the last {facts.starts} cold starts took under {slow}"
    else:
        found = f"From the recipe, since there is no history yet: a slow cold start takes {slow}"
    return f"{found}; a long answer gets 10 min more."

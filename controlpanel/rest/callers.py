"""Who calls: a key in the Authorization header, or a signed-in session with CSRF."""

from dataclasses import replace
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from controlpanel.models import User
from controlpanel.roles import actor_for
from deployments.public import Actor, Refused, Scope, Via
from gateway.public import actor_for_key

SAFE = ("GET", "HEAD", "OPTIONS")
_KEYLESS = "Send a key as “Authorization: Bearer pl_…”, or sign in."


def caller_of(request: HttpRequest) -> Actor:
    """The one who calls, found once for a request. Raises Refused 401, or 403 without role or CSRF token.

    A header decides alone: a wrong key never falls back to a session.
    """
    known: Actor | None = getattr(request, "auth", None)
    if known is not None:
        return known
    header = request.headers.get("Authorization")
    found = _by_session(request) if header is None else _by_key(header, request)
    request.auth = found  # type: ignore[attr-defined]
    request.still_allowed = partial(_still_allowed, request, found)  # type: ignore[attr-defined]
    return found


def _by_key(header: str, request: HttpRequest) -> Actor:
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != "bearer":
        raise Refused("unauthorized", _KEYLESS, status=401)
    found = actor_for_key(secret.strip(), via=Via.API, address=request.META.get("REMOTE_ADDR"))
    if found is None:
        words = "This key opens nothing: it is unknown, revoked or expired, or its owner may do nothing."
        raise Refused("invalid_key", words, status=401)
    return found


def _by_session(request: HttpRequest) -> Actor:
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            raise Refused("no_role", "Your account has no role yet. An admin can give you one.", status=403)
        raise Refused("unauthorized", _KEYLESS, status=401)
    if request.method not in SAFE and check_csrf(request) is not None:
        words = "A session needs the CSRF token of its cookie in the header X-CSRFToken."
        raise Refused("csrf", words, status=403)
    return replace(actor, via=Via.API)


def _still_allowed(request: HttpRequest, before: Actor) -> bool:
    """Whether the caller may still read: for an answer that lasts longer than a role or a key may."""
    header = request.headers.get("Authorization")
    if header is not None:
        try:
            return _by_key(header, request).may(Scope.READ)
        except Refused:
            return False
    session = request.session.session_key
    if session is None or not request.session.exists(session):
        return False
    person = User.objects.filter(pk=before.user_id or 0).first()
    now = actor_for(person or AnonymousUser(), via=Via.API)
    return now is not None and now.may(Scope.READ)


def admitted(request: HttpRequest) -> Actor:
    """The caller, who may at least read where reading is asked for."""
    caller = caller_of(request)
    if request.method in SAFE and not caller.may(Scope.READ):
        raise Refused("not_allowed", "Reading needs a key with the scope read.", status=403)
    return caller


class Key(AuthBase):
    """A key with scopes."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __call__(self, request: HttpRequest) -> Any:
        """The actor; None where no key was sent."""
        return admitted(request) if "Authorization" in request.headers else None


class Session(AuthBase):
    """A signed-in browser; methods that change something need the header X-CSRFToken."""

    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> Any:
        """The actor. Raises Refused where nobody is signed in."""
        return admitted(request)

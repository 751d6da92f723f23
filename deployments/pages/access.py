"""Who may see a page."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import iscoroutinefunction
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from deployments.planning.power import Actor, Scope

View = Callable[..., Any]


class PageRequest(HttpRequest):
    """What a view behind `needs` is given: an actor is there."""

    actor: Actor
    htmx: HtmxDetails


def needs(scope: Scope) -> Callable[[View], View]:
    """The decorator of every page: a stranger is sent to sign in, somebody without `scope` gets a 403.

    A fragment's stranger (htmx) is sent there as a whole page and comes back to the page that held it.
    Where the address has a `slug`, `scope` must reach that deployment.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return refusal(request, scope, kwargs.get("slug")) or view(request, *args, **kwargs)

        @wraps(view)
        async def async_page(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return refusal(request, scope, kwargs.get("slug")) or await view(request, *args, **kwargs)

        guarded: View = async_page if iscoroutinefunction(view) else page
        guarded.needed_scope = scope  # type: ignore[attr-defined]
        return guarded

    return decorate


def refusal(request: HttpRequest, scope: Scope, slug: str | None = None) -> HttpResponse | None:
    """None where the request's actor may; a redirect for a stranger; else raises PermissionDenied."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None and not request.user.is_authenticated:
        return _sign_in(request)
    if actor is None:
        raise PermissionDenied("Your account has no role yet. An admin can give you one.")
    if not actor.may(scope, slug):
        raise PermissionDenied(f"Your role does not include “{scope.value}”. An admin can change your role.")
    return None


def _sign_in(request: HttpRequest) -> HttpResponse:
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    if not htmx:
        return redirect_to_login(request.get_full_path())
    held_by = urlsplit(htmx.current_url or "/")
    back = held_by.path + (f"?{held_by.query}" if held_by.query else "")
    return HttpResponseClientRedirect(redirect_to_login(back or "/").url)

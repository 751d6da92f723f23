"""What every request is given: its actor, its time zone, and the admin site's content policy."""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from deployments.planning.power import Actor, Via

from .models import User
from .roles import actor_for

Next = Callable[[HttpRequest], Any]

# The admin site's pages are third-party: Alpine evaluates expressions, and colours come as a style element.
_ADMIN_POLICY = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}


class _Wrapper:
    """A middleware that runs in whichever way the layer below it does, without a thread hop of its own."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)
        self._asks_async = iscoroutinefunction(get_response)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        return self.answer_async(request) if self._asks_async else self.answer(request)

    def answer(self, request: HttpRequest) -> HttpResponseBase:
        """Answer in a thread."""
        response: HttpResponseBase = self.get_response(request)
        return response

    async def answer_async(self, request: HttpRequest) -> HttpResponseBase:
        """Answer in the event loop."""
        response: HttpResponseBase = await self.get_response(request)
        return response


def session_actor(request: HttpRequest) -> Actor | None:
    """Who is signed in, with the role of this moment. Asks no database where there is no session cookie."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    user = request.user
    if not isinstance(user, User) or not user.is_authenticated:
        return None
    return actor_for(user, via=Via.PAGE, address=request.META.get("REMOTE_ADDR"))


class ActorMiddleware(_Wrapper):
    """Sets `request.actor`: the signed-in person's Actor, or None."""

    def answer(self, request: HttpRequest) -> HttpResponseBase:
        """Answer in a thread."""
        request.actor = session_actor(request)  # type: ignore[attr-defined]
        return super().answer(request)

    async def answer_async(self, request: HttpRequest) -> HttpResponseBase:
        """Answer in the event loop; `request.user` is loaded afterwards, so async views may read it."""
        known = settings.SESSION_COOKIE_NAME in request.COOKIES
        request.actor = await sync_to_async(session_actor)(request) if known else None  # type: ignore[attr-defined]
        return await super().answer_async(request)


class TimeZoneMiddleware(_Wrapper):
    """Shows times in the zone of the signed-in person."""

    def answer(self, request: HttpRequest) -> HttpResponseBase:
        """Answer in a thread."""
        with timezone.override(_zone(request)):
            return super().answer(request)

    async def answer_async(self, request: HttpRequest) -> HttpResponseBase:
        """Answer in the event loop."""
        with timezone.override(_zone(request)):
            return await super().answer_async(request)


def _zone(request: HttpRequest) -> Any:
    signed_in = getattr(request, "actor", None) is not None
    return request.user.zone if signed_in and isinstance(request.user, User) else None


class AdminPolicyMiddleware(_Wrapper):
    """Loosens the content policy under `/admin/`, and nowhere else."""

    def answer(self, request: HttpRequest) -> HttpResponseBase:
        """Answer in a thread."""
        return _with_admin_policy(request, super().answer(request))

    async def answer_async(self, request: HttpRequest) -> HttpResponseBase:
        """Answer in the event loop."""
        return _with_admin_policy(request, await super().answer_async(request))


def _with_admin_policy(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if request.path.startswith("/admin/"):
        response._csp_update = _ADMIN_POLICY  # type: ignore[attr-defined]
    return response

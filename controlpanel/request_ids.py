"""One id for a request, in every line of the log that it causes and in its answer."""

import re
import secrets

import structlog
from django.http import HttpRequest, HttpResponseBase

from .middleware import _Wrapper

HEADER = "x-pilotlight-request-id"
# What is taken from a caller: it is copied into logs, and nothing else is.
_SENSIBLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class RequestIdMiddleware(_Wrapper):
    """Gives each request an id: the caller's X-Request-ID where it is a plain word, else one of our own."""

    def answer(self, request: HttpRequest) -> HttpResponseBase:
        """Answer in a thread."""
        name = _begin(request)
        return _named(super().answer(request), name)

    async def answer_async(self, request: HttpRequest) -> HttpResponseBase:
        """Answer in the event loop."""
        name = _begin(request)
        return _named(await super().answer_async(request), name)


def _begin(request: HttpRequest) -> str:
    given = request.META.get("HTTP_X_REQUEST_ID", "")
    name = given if _SENSIBLE.fullmatch(given) else f"req_{secrets.token_hex(12)}"
    request.META["HTTP_X_REQUEST_ID"] = name  # where the logging further in looks for it
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=name)
    return name


def _named(response: HttpResponseBase, name: str) -> HttpResponseBase:
    response.headers[HEADER] = name
    # The logging further in has cleared it, and Django logs a refusal once the answer is out of here.
    structlog.contextvars.bind_contextvars(request_id=name)
    return response

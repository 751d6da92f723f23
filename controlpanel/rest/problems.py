"""How REST says no: `{"code", "message", "fields"}`, whatever it was that went wrong."""

from collections.abc import Mapping
from typing import Any

import structlog
from django.core.exceptions import RequestDataTooBig
from django.db import IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.request import RawPostDataException
from ninja import NinjaAPI, Schema
from ninja.errors import HttpError, ValidationError

from deployments.ledger.prices import PriceMissing
from deployments.public import Refused

log = structlog.get_logger(__name__)

# Which ones there are, for the documentation; any address can answer with any of them.
STATUSES = {
    400: "The body is not JSON.",
    401: "No key and no session, or one that opens nothing.",
    403: "The caller may not do this.",
    404: "There is no such thing, or the caller may not see it.",
    405: "The address knows other methods.",
    409: "Not in this state, or the same request is being carried out.",
    412: "`If-Match` names a version that is no longer there.",
    422: "A field is wrong; `fields` names it.",
    429: "Too many requests.",
    503: "The panel cannot do it now; try again after `Retry-After` seconds.",
}
_RETRY_AFTER_S = 10


class Problem(Schema):
    """What went wrong. `code` is for programs, `message` for people, `fields` names what is at fault."""

    code: str
    message: str
    fields: dict[str, Any] = {}


def problem(code: str, message: str, *, status: int, fields: Mapping[str, Any] | None = None) -> HttpResponse:
    """The answer."""
    response = JsonResponse({"code": code, "message": message, "fields": dict(fields or {})}, status=status)
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    if status == 503:
        response["Retry-After"] = str(_RETRY_AFTER_S)
    return response


def refusal(refused: Refused) -> HttpResponse:
    """A service's no, as it is."""
    return problem(refused.code, refused.message, status=refused.status, fields=refused.fields)


def handle(api: NinjaAPI) -> None:
    """Have `api` answer every exception in this form."""
    for kind, handler in _HANDLERS.items():
        api.add_exception_handler(kind, handler)


def answer(request: HttpRequest, error: Exception) -> HttpResponse:
    """The answer to an exception, as an operation would give it."""
    kind = next(kind for kind in type(error).__mro__ if kind in _HANDLERS)
    handler = _HANDLERS[kind]
    response: HttpResponse = handler(request, error)
    return response


def _refused(request: HttpRequest, error: Any) -> HttpResponse:
    return refusal(error)


def _http(request: HttpRequest, error: Any) -> HttpResponse:
    if error.status_code == 400:
        return _unreadable(request, error)
    return problem("refused", error.message, status=error.status_code)


def _unreadable(request: HttpRequest, error: Any) -> HttpResponse:
    too_big = isinstance(error, RequestDataTooBig)
    words = "The body is too large." if too_big else "The body is not JSON, or holds what cannot be stored."
    return problem("malformed", words, status=400)


def _not_found(request: HttpRequest, error: Any) -> HttpResponse:
    return problem("not_found", "There is no such thing.", status=404)


def _price_missing(request: HttpRequest, error: Any) -> HttpResponse:
    return problem("price_missing", str(error), status=409)


def _conflict(request: HttpRequest, error: Any) -> HttpResponse:
    words = "Somebody changed the same thing at the same moment. Look at it again and repeat."
    return problem("conflict", words, status=409)


def _unavailable(request: HttpRequest, error: Any) -> HttpResponse:
    log.error("rest.database_unavailable", error=type(error).__name__)
    return problem("unavailable", "The database does not answer. Try again in a moment.", status=503)


def _failed(request: HttpRequest, error: Any) -> HttpResponse:
    log.error("rest.failed", path=request.path, exc_info=error)
    words = "The panel failed over this request; its log says why. Repeating it may help."
    return problem("internal", words, status=500)


def _invalid(request: HttpRequest, error: Any) -> HttpResponse:
    fields: dict[str, str] = {}
    for each in error.errors:
        fields.setdefault(_field(each["loc"]), _words(each))
    name, words = next(iter(fields.items()))
    return problem("invalid", f"{name}: {words}", status=422, fields=fields)


def _field(place: tuple[Any, ...]) -> str:
    """`("body", "wish", "image", "pip")` is the field `image.pip`; the parameter's own name says nothing."""
    source, *rest = place
    names = rest[1:] if source == "body" else rest
    return ".".join(str(name) for name in names) or str(source)


def _words(error: Mapping[str, Any]) -> str:
    known = {
        "extra_forbidden": "This field is not known here; remove it or correct its name.",
        "missing": "This field is needed.",
    }
    said = str(error["msg"]).removeprefix("Value error, ")
    return known.get(error["type"], said if said.endswith(".") else f"{said}.")


_HANDLERS: dict[type[Exception], Any] = {
    Refused: _refused,
    HttpError: _http,
    ValidationError: _invalid,
    Http404: _not_found,
    PriceMissing: _price_missing,
    IntegrityError: _conflict,
    OperationalError: _unavailable,
    InterfaceError: _unavailable,
    RequestDataTooBig: _unreadable,
    RawPostDataException: _unreadable,
    UnreadablePostError: _unreadable,
    Exception: _failed,
}

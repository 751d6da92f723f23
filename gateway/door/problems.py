"""What the door says when it does not forward, in the shape that the client expects."""

import json
from collections.abc import Mapping
from typing import Any

from .paths import Dialect

_OPENAI_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_ANTHROPIC_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
}


class Problem(Exception):
    """The panel's own answer to a request. `message` names the remedy; `extra` goes beside it.

    `engine_lost` tells that the panel speaks in the place of an engine that broke off.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        param: str | None = None,
        extra: Mapping[str, Any] | None = None,
        headers: tuple[tuple[bytes, bytes], ...] = (),
        engine_lost: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.param = param
        self.extra = dict(extra or {})
        self.headers = headers
        self.engine_lost = engine_lost


class ClientLeft(Exception):
    """The client closed the connection; nobody is there to answer."""


def error_object(problem: Problem, dialect: Dialect) -> dict[str, Any]:
    """The value of `error` in a body or an event."""
    fallback = "server_error" if problem.status >= 500 else "invalid_request_error"
    kind = _OPENAI_TYPES.get(problem.status, fallback)
    if dialect is Dialect.ANTHROPIC:
        fallback = "api_error" if problem.status >= 500 else "invalid_request_error"
        kind = _ANTHROPIC_TYPES.get(problem.status, fallback)
    return {
        "message": problem.message,
        "type": kind,
        "code": problem.code,
        "param": problem.param,
        "source": "panel",
        **problem.extra,
    }


def error_body(problem: Problem, dialect: Dialect, request_id: str) -> bytes:
    """The whole answer."""
    error = error_object(problem, dialect)
    if dialect is Dialect.ANTHROPIC:
        return json.dumps({"type": "error", "error": error, "request_id": request_id}).encode()
    return json.dumps({"error": error}).encode()


def engine_event(status: int, body: bytes, dialect: Dialect) -> bytes:
    """What the engine answered in one piece, as an event of a stream that had begun before it was asked."""
    said = _object(body)
    if status < 400:
        return b"data: " + json.dumps(said).encode() + b"\n\n"
    inner = said.get("error")
    error: dict[str, Any] = {
        "message": f"The engine answered {status}.",
        "type": "server_error" if status >= 500 else "invalid_request_error",
        "code": None,
        "param": None,
        **(inner if isinstance(inner, dict) else said),
        "status": status,
        "source": "engine",
    }
    return _event(error, dialect)


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        text = body.decode("utf-8", "replace").strip()[:1000]
        return {"message": text} if text else {}
    return said if isinstance(said, dict) else {}


def error_event(problem: Problem, dialect: Dialect) -> bytes:
    """The server-sent event that ends a stream whose headers are out."""
    return _event(error_object(problem, dialect), dialect)


def _event(error: dict[str, Any], dialect: Dialect) -> bytes:
    if dialect is Dialect.ANTHROPIC:
        return b"event: error\ndata: " + json.dumps({"type": "error", "error": error}).encode() + b"\n\n"
    if dialect is Dialect.RESPONSES:
        flat = {"type": "error", "code": error["code"], "message": error["message"], "param": error["param"]}
        return b"event: error\ndata: " + json.dumps(flat | {"error": error}).encode() + b"\n\n"
    return b"data: " + json.dumps({"error": error}).encode() + b"\n\n"

"""Bytes in and out: JSON bodies read as the real one reads them, and server-sent events."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from sandbox.engine.errors import ApiError, invalid, shown


async def read_body(request: web.Request, *required: str) -> dict[str, Any]:
    """The JSON object sent. Raises ApiError for anything else, or where a required field is missing."""
    raw = await request.read()
    if raw and request.content_type != "application/json":
        text = "1 validation error:\n  Unsupported Media Type: Only 'application/json' is allowed"
        raise ApiError(400, text, kind="Bad Request")
    if not raw:
        raise invalid("missing", "body", "Field required", "'None'")
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise _no_json(error) from error
    if not isinstance(body, dict):
        text = "Input should be a valid dictionary or object to extract fields from"
        raise invalid("model_attributes_type", "body", text, shown(body))
    for name in required:
        if name not in body:
            raise invalid("missing", f"body.{name}", "Field required", shown(body))
    return body


def check_list(body: dict[str, Any], name: str) -> None:
    """Raises ApiError where the field is no list."""
    if not isinstance(body[name], list):
        raise invalid("list_type", f"body.{name}", "Input should be a valid list", shown(body[name]))


def check_integers(body: dict[str, Any], *names: str) -> None:
    """Raises ApiError where one of these fields is present and no whole number."""
    for name in names:
        value = body.get(name)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            continue
        try:
            body[name] = int(value)
        except (TypeError, ValueError) as error:
            text = "Input should be a valid integer, unable to parse string as an integer"
            raise invalid("int_parsing", f"body.{name}", text, shown(value)) from error


def dump(value: Any) -> str:
    """JSON without spaces, as the real one writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def answer(value: Any, status: int = 200) -> web.Response:
    """A JSON answer."""
    response = web.Response(body=dump(value).encode(), status=status)
    response.headers["Content-Type"] = "application/json"
    return response


class Events:
    """A stream of server-sent events to one client."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self._response = web.StreamResponse()
        self._response.headers["Content-Type"] = "text/event-stream; charset=utf-8"

    async def open(self) -> None:
        """Send the headers."""
        await self._response.prepare(self._request)

    async def send(self, value: Any, event: str | None = None) -> None:
        """One event. Raises ConnectionError where the client has left."""
        head = f"event: {event}\n" if event else ""
        await self._response.write(f"{head}data: {dump(value)}\n\n".encode())

    async def send_text(self, text: str) -> None:
        """One event whose data is this text."""
        await self._response.write(f"data: {text}\n\n".encode())

    async def close(self) -> web.StreamResponse:
        """End the stream; the response to return."""
        await self._response.write_eof()
        return self._response


def _no_json(error: ValueError) -> ApiError:
    place, reason = getattr(error, "pos", 0), getattr(error, "msg", str(error))
    context = f", 'ctx': {{'error': '{reason}'}}"
    return invalid("json_invalid", f"body.{place}", "JSON decode error", "'<dict of 0 items>'", context)

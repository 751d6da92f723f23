"""The most that a request to a page may carry, held before Django keeps a byte of it on disk.

The gateway behind `/v1/` has its own limit (gateway/door/incoming.py).
"""

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_MIB = 1024 * 1024
# Twenty files of 2 MiB go with a question, in one form, with its text.
_ATTACHING = re.compile(r"/deployments/[^/]+/chat/(?:[^/]+/)?(?:attach|ask)/")
_ATTACHING_BYTES = 48 * _MIB


class TooLarge(Exception):
    """More came than the limit; raised where the body is read."""


def limited(app: App, most_bytes: int) -> App:
    """`app` behind the limit: a larger body is answered 413, by its announced length or by what came."""

    async def serve(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        most = max(most_bytes, _ATTACHING_BYTES) if _ATTACHING.fullmatch(scope["path"]) else most_bytes
        if _announced(scope) > most:
            await _refuse(scope, send, most)
            return
        try:
            await app(scope, _counted(receive, most), send)
        except TooLarge:  # Django reads all of a body before it answers, so nothing was sent yet
            await _refuse(scope, send, most)

    return serve


def _announced(scope: Message) -> int:
    """Bytes by Content-Length; 0 where there is none, or no number: then they are counted."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0


def _counted(receive: Receive, most: int) -> Receive:
    came = 0

    async def counting() -> Message:
        nonlocal came
        message = await receive()
        came += len(message.get("body", b""))
        if came > most:
            raise TooLarge
        return message

    return counting


async def _refuse(scope: Message, send: Send, most: int) -> None:
    """413 in the words of the REST API or in plain text; the connection ends, for more may be on its way."""
    words = f"The request is too large. At most {most // _MIB} MiB can be sent here."
    if scope["path"].startswith("/api/"):
        kind, body = "application/json", json.dumps({"code": "too_large", "message": words, "fields": {}})
    else:
        kind, body = "text/plain; charset=utf-8", words
    headers = [
        (b"content-type", kind.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body.encode(), "more_body": False})

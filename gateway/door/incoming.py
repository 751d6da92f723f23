"""Reading a request: its headers, its key, its body within bounds."""

import asyncio
import re
from collections.abc import Iterable

from .asgi_types import Receive
from .problems import ClientLeft, Problem

NO_WAKE = "x-pilotlight-wake"
BODY_LIMIT_BYTES = 32 * 1024 * 1024
# It is copied into the log and into rows.
_PLAIN_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_BODY_TIMEOUT_S = 120.0
_TOO_LARGE = (
    f"The body is larger than {BODY_LIMIT_BYTES // 1024 // 1024} MiB. Send less at once: "
    "smaller images, or the documents in several requests."
)


def header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    """The first header of this lower-case name."""
    return next((value for key, value in headers if key == name), None)


def secret_of(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """The key in `Authorization: Bearer` or `x-api-key`; the first wins where it is a key of the panel."""
    authorization = header(headers, b"authorization") or b""
    bearer = authorization[7:].strip() if authorization[:7].lower() == b"bearer " else None
    if bearer is not None and bearer.startswith(b"pl_"):
        return bearer
    return header(headers, b"x-api-key") or bearer


def may_wake(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """False where the request itself says, by `x-pilotlight-wake: no`, that it must light nothing."""
    return (header(headers, NO_WAKE.encode()) or b"").strip().lower() != b"no"


async def read_body(headers: Iterable[tuple[bytes, bytes]], receive: Receive) -> bytes:
    """The whole body. Problem 408, 413 or 415 where it cannot be had; ClientLeft where the client went."""
    encoding = header(headers, b"content-encoding")
    if encoding is not None and encoding.lower() != b"identity":
        raise Problem(415, "unsupported_encoding", "Send the body without Content-Encoding.")
    length = header(headers, b"content-length") or b""
    if length.isdigit() and int(length[:20]) > BODY_LIMIT_BYTES:
        raise Problem(413, "body_too_large", _TOO_LARGE)
    try:
        async with asyncio.timeout(_BODY_TIMEOUT_S):
            return await _read(receive)
    except TimeoutError as error:
        message = f"The body did not arrive within {_BODY_TIMEOUT_S:.0f} s. Send it again."
        raise Problem(408, "body_timeout", message) from error


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        part = message.get("body", b"")
        size += len(part)
        if size > BODY_LIMIT_BYTES:
            raise Problem(413, "body_too_large", _TOO_LARGE)
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def caller_request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The caller's own X-Request-ID where it is a plain word of at most 64 characters; else empty."""
    given = (header(headers, b"x-request-id") or b"").decode("latin-1")
    return given if _PLAIN_WORD.fullmatch(given) else ""

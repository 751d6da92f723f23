"""Moving an answer from the engine to the client."""

from aiohttp import ClientResponse

from .exchange import Exchange
from .problems import Problem, engine_event
from .reply import Headers, Reply
from .sse import EventEdge
from .tokens import HEAD_BYTES, TAIL_BYTES, read_tokens
from .upstream import LOST

_PASSED_ON = ("content-type", "content-encoding", "cache-control", "retry-after", "x-request-id")
# An answer up to this size is sent in one piece, so that an engine that breaks off is an error and not half
# an answer.
_WHOLE_BYTES = 1024 * 1024
# An error of an engine is a few hundred bytes.
_EVENT_BYTES = 64 * 1024


async def relay(response: ClientResponse, reply: Reply, exchange: Exchange) -> bool:
    """Send on what the engine answers; True where it ended as an answer, False where it told of an error.

    Problem 502 where it breaks off.
    """
    try:
        if response.content_type == "text/event-stream":
            return await _stream(response, reply, exchange)
        if reply.started:
            return await _into_stream(response, reply, exchange)
        return await _plain(response, reply, exchange)
    except LOST as error:
        message = "The engine broke off in the middle of its answer. Ask again."
        raise Problem(502, "engine_lost", message, engine_lost=True) from error


async def _stream(response: ClientResponse, reply: Reply, exchange: Exchange) -> bool:
    if not reply.started:
        unbuffered = (b"x-accel-buffering", b"no")
        await reply.start(response.status, [*_headers(response), unbuffered], streaming=True)
    head = tail = b""
    edge = EventEdge()
    try:
        async for chunk in response.content.iter_any():
            if len(head) < HEAD_BYTES:
                exchange.first_byte()
                head += chunk
            tail = (tail + chunk)[-TAIL_BYTES:]
            if events := edge.take(chunk):
                await reply.body(events, more=True)
    finally:  # whoever leaves early has been given what was told until then
        exchange.tokens = read_tokens(head, tail)
    await reply.body(edge.rest(), more=False)
    return b'data: {"error"' not in tail


async def _into_stream(response: ClientResponse, reply: Reply, exchange: Exchange) -> bool:
    """The engine did not stream, but the client was promised a stream while it waited: an error becomes the
    error event of its protocol."""
    body = b""
    async for chunk in response.content.iter_any():
        exchange.first_byte()
        body += chunk[: _EVENT_BYTES - len(body)]
    await reply.body(engine_event(response.status, body, exchange.dialect), more=False)
    return response.status < 400


async def _plain(response: ClientResponse, reply: Reply, exchange: Exchange) -> bool:
    parts: list[bytes] = []
    size = 0
    tail = b""
    async for chunk in response.content.iter_any():
        exchange.first_byte()
        size += len(chunk)
        if size <= _WHOLE_BYTES:
            parts.append(chunk)
            continue
        if not reply.started:
            await _start_long(response, reply, parts)
        tail = (tail + chunk)[-TAIL_BYTES:]
        await reply.body(chunk, more=True)
    if reply.started:
        await reply.body(b"", more=False)
    else:
        tail = b"".join(parts)
        await reply.whole(response.status, tail, _headers(response))
    exchange.tokens = read_tokens(b"", tail)
    return response.status < 400


async def _start_long(response: ClientResponse, reply: Reply, parts: list[bytes]) -> None:
    headers = _headers(response)
    if (length := response.headers.get("content-length")) is not None:
        headers.append((b"content-length", length.encode()))
    await reply.start(response.status, headers)
    await reply.body(b"".join(parts), more=True)
    parts.clear()


def _headers(response: ClientResponse) -> Headers:
    found = [(name.encode(), response.headers.get(name)) for name in _PASSED_ON]
    headers = [(name, value.encode("latin-1", "replace")) for name, value in found if value is not None]
    if "cache-control" not in response.headers:
        headers.append((b"cache-control", b"no-store"))
    if response.status >= 400:
        headers.append((b"x-pilotlight-source", b"engine"))
    return headers

"""Sending an answer, and keeping count of it."""

from .asgi_types import Send
from .exchange import Exchange
from .problems import Problem, error_body, error_event

Headers = list[tuple[bytes, bytes]]

# Whatever an engine answers is shown to nobody as a page: no scripts, no sniffing.
_HYGIENE: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
]


class Reply:
    """The answer to one request. Knows whether its headers are out, and whether it streams."""

    def __init__(self, exchange: Exchange, send: Send) -> None:
        self._exchange = exchange
        self._send = send
        self.started = False
        self.streaming = False
        self.complete = False

    async def start(self, status: int, headers: Headers, *, streaming: bool = False) -> None:
        """Send status and headers, with those that every answer has."""
        exchange = self._exchange
        named = [(b"x-pilotlight-request-id", exchange.request_id.encode())]
        if exchange.route is not None:
            named.append((b"x-pilotlight-deployment", exchange.route.slug.encode()))
        exchange.status = status
        self.started = True
        self.streaming = streaming
        await self._send(
            {"type": "http.response.start", "status": status, "headers": [*headers, *named, *_HYGIENE]}
        )

    async def body(self, data: bytes, *, more: bool) -> None:
        """Send bytes; waits while the client reads slower than they come."""
        exchange = self._exchange
        exchange.bytes_out += len(data)
        exchange.sending_since = exchange.clock.monotonic()
        self.complete = not more
        await self._send({"type": "http.response.body", "body": data, "more_body": more})
        exchange.sending_since = None

    async def whole(self, status: int, data: bytes, headers: Headers) -> None:
        """Send an answer in one piece."""
        await self.start(status, [*headers, (b"content-length", str(len(data)).encode())])
        await self.body(data, more=False)

    async def problem(self, problem: Problem) -> None:
        """Say what went wrong: an answer, or an event where a stream has begun.

        An answer of a known length that broke off is left incomplete, so that the server closes the
        connection and the client sees that bytes are missing.
        """
        dialect = self._exchange.dialect
        if not self.started:
            data = error_body(problem, dialect, self._exchange.request_id)
            json_type = (b"content-type", b"application/json")
            no_store = (b"cache-control", b"no-store")
            await self.whole(problem.status, data, [json_type, no_store, *problem.headers])
        elif self.streaming and not self.complete:
            await self.body(error_event(problem, dialect), more=False)

"""Closed-loop load: so many connections, each asking again as soon as it is answered."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import httptools

KEY = "pl_" + "b" * 43


@dataclass
class Result:
    """What one burst did."""

    answers: int
    failures: int
    seconds: float


class _Client(asyncio.Protocol):
    def __init__(self, request: bytes, tally: "_Tally") -> None:
        self.request = request
        self.tally = tally

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._ask()

    def _ask(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        if self.parser.get_status_code() == 200:
            self.tally.answers += 1
        else:
            self.tally.failures += 1
        if not self.tally.over:
            asyncio.get_running_loop().call_soon(self._ask)

    def connection_lost(self, error: Exception | None) -> None:
        self.tally.failures += not self.tally.over


class _Tally:
    answers = 0
    failures = 0
    over = False


async def burst(port: int, *, stream: bool, connections: int, seconds: float) -> Result:
    """Ask for `seconds` over `connections`."""
    body = b'{"model":"bench","messages":[{"role":"user","content":"hi"}]%s}' % (
        b',"stream":true' if stream else b""
    )
    request = (
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer %s\r\n"
        b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (KEY.encode(), len(body), body)
    )
    tally = _Tally()
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    opened = [
        await loop.create_connection(lambda: _Client(request, tally), "127.0.0.1", port)
        for _ in range(connections)
    ]
    await asyncio.sleep(seconds)
    tally.over = True
    elapsed = time.perf_counter() - begun
    answers = tally.answers
    for transport, _ in opened:
        transport.abort()
    return Result(answers, tally.failures, elapsed)

"""A web request as an input: queued, forwarded to a container, answered or left behind a result URL."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from multidict import CIMultiDict

from sandbox.cloud import identifiers
from sandbox.cloud.cloud import Cloud
from sandbox.cloud.life import Life
from sandbox.cloud.relay import Relay

# Headers of one connection, never passed on (RFC 9110, section 7.6.1), and those of Modal's own proxy.
_NOT_FORWARDED = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te",
    "trailer", "transfer-encoding", "upgrade", "host", "content-length", "modal-key", "modal-secret",
}  # fmt: skip
# What the client did not send is not added on the way.
_NOT_ADDED = ("User-Agent", "Content-Type", "Accept", "Accept-Encoding")
_FAILURES = {
    "gone": (404, "modal-http: invalid function call"),
    "timeout": (504, "modal-http: function timed out"),
    "lost": (500, "modal-http: internal error: the container was lost"),
    "unreachable": (502, "modal-http: the container closed the connection"),
}


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers of a response."""

    status: int
    headers: CIMultiDict[str]


@dataclass(frozen=True, slots=True)
class Sent:
    """What the client sent."""

    method: str
    target: str
    headers: CIMultiDict[str]
    body: bytes


class WebInput:
    """One request. `head` is there when a container has begun to answer, or when it failed."""

    def __init__(self, cloud: Cloud, session: aiohttp.ClientSession, function_id: str, sent: Sent) -> None:
        """Begin; it runs once a pool takes it."""
        self.id = identifiers.fresh("fc")
        self.function_id = function_id
        self.attempts = 0
        self.relay = Relay()
        self.head: asyncio.Future[Head] = asyncio.get_running_loop().create_future()
        self._cloud, self._session, self._sent = cloud, session, sent
        self._redirected = False
        self._left = False

    @property
    def unwanted(self) -> bool:
        """Whether the client left before it was told of a result URL."""
        return self._left

    @property
    def done(self) -> bool:
        """Whether an answer has begun: it cannot be given twice."""
        return self.head.done()

    def redirect(self) -> None:
        """The client is told to ask for the result later: keep it."""
        self._redirected = True
        self.relay.keep()

    def leave(self) -> bool:
        """The client hung up; whether that ends the input (not after a redirect)."""
        self._left = not self._redirected
        return self._left

    def fail(self, reason: str) -> None:
        """Answer in the cloud's own name."""
        if self.head.done():
            return
        status, text = _FAILURES[reason]
        self.head.set_result(Head(status, CIMultiDict({"Content-Type": "text/plain; charset=utf-8"})))
        self._last = asyncio.ensure_future(self._finish(text))

    async def run(self, life: Life) -> None:
        """Forward to the container, and its answer to the client."""
        self._count(life)
        url = f"http://127.0.0.1:{life.port}{self._sent.target}"
        request = self._session.request(
            self._sent.method, url, data=self._sent.body or None, headers=forwarded(self._sent.headers),
            allow_redirects=False, skip_auto_headers=_NOT_ADDED,
        )  # fmt: skip
        try:
            async with request as answer:
                headers = forwarded(answer.headers)
                if "Content-Length" in answer.headers:
                    headers["Content-Length"] = answer.headers["Content-Length"]
                self.head.set_result(Head(answer.status, headers))
                await self._pass_on(answer)
        except (aiohttp.ClientError, OSError):
            await self._lost(life)
        except asyncio.CancelledError:
            if self.done:
                await asyncio.shield(self.relay.end(broken=True))
            raise

    async def _pass_on(self, answer: aiohttp.ClientResponse) -> None:
        async for chunk in answer.content.iter_any():
            await self.relay.add(chunk)
        await self.relay.end()

    async def _lost(self, life: Life) -> None:
        """The connection broke. If the container is ending the pool queues the input again."""
        if self.done:
            await self.relay.end(broken=True)
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(life.wait()), 0.5)
        self.fail("unreachable")

    async def _finish(self, text: str) -> None:
        await self.relay.add(text.encode())
        await self.relay.end()

    def _count(self, life: Life) -> None:
        app = self._cloud.app(life.record.app_id)
        function = self._cloud.function(self.function_id)
        path = self._sent.target.partition("?")[0]
        self._cloud.counts.reached(app=app.name, function=function.name, container_id=life.id, path=path)


def forwarded(headers: Mapping[str, str]) -> CIMultiDict[str]:
    """Headers without those of one connection and of the proxy."""
    kept: CIMultiDict[str] = CIMultiDict()
    for name, value in headers.items():
        if name.lower() not in _NOT_FORWARDED:
            kept.add(name, value)
    return kept

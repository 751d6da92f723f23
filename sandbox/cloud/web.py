"""The data plane: a URL that wakes a container, holds the request, and answers or redirects to the result."""

from __future__ import annotations

import asyncio
import hmac
import time

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from sandbox.cloud import tempo
from sandbox.cloud.cloud import Cloud
from sandbox.cloud.pools import Pools
from sandbox.cloud.records import Function
from sandbox.cloud.relay import BrokenRelayError
from sandbox.cloud.throttle import Throttle
from sandbox.cloud.webinput import Sent, WebInput

_CALL_PARAMETER = "__modal_function_call_id"
# Results are kept for so many redirected inputs.
_MOST_RESULTS = 256
# Modal takes up to 4 GiB; here a body is held in memory so that it can be sent to another container.
LARGEST_BODY = 256 * 1024 * 1024


class DataPlane:
    """Answers at `/<label>/<path>`."""

    def __init__(self, cloud: Cloud, pools: Pools) -> None:
        """Serve the functions of `cloud` by the containers of `pools`."""
        self._cloud, self._pools = cloud, pools
        self._throttle = Throttle()
        self._results: dict[str, WebInput] = {}
        self._session: aiohttp.ClientSession | None = None

    def routes(self) -> list[web.RouteDef]:
        """What to add to the web application."""
        return [web.route("*", "/{label}", self.answer), web.route("*", "/{label}/{path:.*}", self.answer)]

    async def close(self) -> None:
        """Close connections to containers."""
        if self._session is not None:
            await self._session.close()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Any request to a function's URL."""
        self._cloud.counts.at_url += 1
        function = self._cloud.live_function(request.match_info["label"])
        refusal = self._refusal(request, function)
        if refusal is not None or function is None:
            self._cloud.counts.refused += 1
            return refusal or web.Response(status=404)
        call_id = request.query.get(_CALL_PARAMETER)
        if call_id is not None:
            return await self._resume(request, function, call_id)
        sent = Sent(request.method, _target(request), CIMultiDict(request.headers), await request.read())
        waiting = WebInput(self._cloud, self._client(), function.id, sent)
        self._pools.of(function.id).submit(waiting)
        return await self._wait(request, waiting)

    def _refusal(self, request: web.Request, function: Function | None) -> web.Response | None:
        if not self._throttle.allow(time.monotonic()) or self._cloud.faults.strike("url_throttled"):
            return web.Response(status=429, text="modal-http: too many requests")
        if function is None:
            return web.Response(status=404, text="modal-http: invalid function call")
        proto = self._cloud.definition(function.live_definition).proto()
        if proto.webhook_config.requires_proxy_auth and not self._let_through(request, function):
            return web.Response(status=401, text="modal-http: missing credentials for proxy authorization")
        return None

    def _let_through(self, request: web.Request, function: Function) -> bool:
        given = request.headers.get("Modal-Key", ""), request.headers.get("Modal-Secret", "")
        environment = self._cloud.app(function.app_id).environment
        token = self._cloud.proxy_tokens.get(given[0])
        if token is None or (token.environments and environment not in token.environments):
            return False
        return hmac.compare_digest(token.secret.encode(), given[1].encode())

    async def _resume(self, request: web.Request, function: Function, call_id: str) -> web.StreamResponse:
        if request.method != "GET":
            return web.Response(status=400, text="modal-http: bad redirect method")
        waiting = self._results.get(call_id)
        if waiting is None or waiting.function_id != function.id:
            return web.Response(status=404, text="modal-http: invalid function call")
        return await self._wait(request, waiting)

    async def _wait(self, request: web.Request, waiting: WebInput) -> web.StreamResponse:
        try:
            window_s = self._cloud.tempo.wall_s(tempo.REDIRECT_AFTER_S)
            await asyncio.wait_for(asyncio.shield(waiting.head), window_s)
            return await self._stream(request, waiting)
        except TimeoutError:
            return self._redirect(request, waiting)
        except asyncio.CancelledError:
            self._left(waiting)
            raise
        except ConnectionError:
            self._left(waiting)
            return web.Response(status=499)  # nobody is there to read it

    def _left(self, waiting: WebInput) -> None:
        if waiting.leave():
            self._pools.of(waiting.function_id).cancel(waiting)

    def _redirect(self, request: web.Request, waiting: WebInput) -> web.Response:
        waiting.redirect()
        self._results[waiting.id] = waiting
        while len(self._results) > _MOST_RESULTS:
            del self._results[next(iter(self._results))]
        label = request.match_info["label"]
        location = f"{self._cloud.web_url}/{label}{_path(request)}?{_CALL_PARAMETER}={waiting.id}"
        return web.Response(status=303, headers={"Location": location, "Modal-Function-Call-Id": waiting.id})

    async def _stream(self, request: web.Request, waiting: WebInput) -> web.StreamResponse:
        head = waiting.head.result()
        response = web.StreamResponse(status=head.status, headers=head.headers)
        response.headers["Modal-Function-Call-Id"] = waiting.id
        await response.prepare(request)
        try:
            async for chunk in waiting.relay.read():
                await response.write(chunk)
            await response.write_eof()
        except BrokenRelayError:
            if request.transport is not None:
                request.transport.abort()
        return response

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, force_close=True),
                timeout=aiohttp.ClientTimeout(total=None),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def _path(request: web.Request) -> str:
    """The raw path below the label, beginning with a slash."""
    raw = request.rel_url.raw_path
    return "/" + raw.lstrip("/").partition("/")[2]


def _target(request: web.Request) -> str:
    query = request.rel_url.raw_query_string
    return _path(request) + (f"?{query}" if query else "")

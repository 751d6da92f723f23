"""One request through the door."""

import asyncio
import contextlib
from collections.abc import Sequence

import structlog

from deployments.public import Route, Scope
from gateway.known_key import KnownKey
from gateway.models import Outcome

from .asgi_types import Receive, Send
from .asgi_types import Scope as AsgiScope
from .bookkeeper import Bookkeeper
from .client_watch import ClientWatch
from .clock import Clock
from .database import Database
from .exchange import Exchange
from .holding import Holding
from .hopeless import check_hope
from .incoming import caller_request_id, may_wake, read_body, secret_of
from .key_cache import KeyCache
from .model_list import model_list
from .paths import FORWARDED, MODELS_PATH, Endpoint, dialect_of
from .problems import ClientLeft, Problem
from .question import read_question
from .refusals import UNAVAILABLE, budget_spent, can_be_asked, spent_out, unavailable
from .relay import relay
from .reply import Reply
from .routing import RouteTable, find, visible
from .upstream import LOST, Upstream
from .waker import Waker

log = structlog.get_logger(__name__)

_GOODBYE_S = 1.0


class Door:
    """Keys, routes, connections and books of one event loop; `serve` is one request."""

    def __init__(
        self,
        *,
        keys: KeyCache,
        routes: RouteTable,
        upstream: Upstream,
        books: Bookkeeper,
        clock: Clock,
        reads: Database,
        waker: Waker,
    ) -> None:
        self._keys = keys
        self._routes = routes
        self._upstream = upstream
        self._books = books
        self._clock = clock
        self._reads = reads
        self._waker = waker
        self._holding = Holding(routes, waker, clock)
        self._closing = False

    async def serve(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; every way out leaves an answer, unless the client has left."""
        path = scope["path"]
        exchange = Exchange(path, dialect_of(path), self._clock, asyncio.current_task())
        exchange.caller_request_id = caller_request_id(scope["headers"])
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(**exchange.log_names())
        reply = Reply(exchange, send)
        self._books.begin(exchange)
        try:
            await self._answer(scope, receive, exchange, reply)
        except ClientLeft:
            exchange.ended(Outcome.CLIENT_LEFT)
        except Problem as problem:
            await self._tell(problem, exchange, reply)
        except asyncio.CancelledError:
            await self._say_goodbye(exchange, reply)
        except Exception:
            log.exception("gateway_request_failed", request_id=exchange.request_id, path=path[:80])
            await self._tell(_broken(), exchange, reply)
        finally:
            self._books.end(exchange)

    async def _answer(self, scope: AsgiScope, receive: Receive, exchange: Exchange, reply: Reply) -> None:
        endpoint = _endpoint(scope["path"], scope["method"])
        if self._closing:
            raise _cut()
        exchange.key = key = await self._key(scope)
        if endpoint is None:
            await self._list_models(key, exchange, reply)
        else:
            await self._forward(endpoint, key, scope, receive, exchange, reply)

    async def _key(self, scope: AsgiScope) -> KnownKey:
        secret = secret_of(scope["headers"])
        try:
            key = await self._keys.get(secret) if secret else None
        except Exception as error:
            raise unavailable("The key could not be checked") from error
        if key is None:
            told = "does not open anything: it is unknown, revoked or expired" if secret else "is missing"
            message = f"The API key {told}. Send a key of the panel as `Authorization: Bearer pl_…`."
            raise Problem(401, "invalid_key", message, headers=((b"www-authenticate", b"Bearer"),))
        return key

    async def _list_models(self, key: KnownKey, exchange: Exchange, reply: Reply) -> None:
        _need(key, Scope.READ, Scope.CHAT)
        routes = visible(await self._all_routes(), key.deployments)
        json_type = (b"content-type", b"application/json")
        exchange.ended(Outcome.OK)
        await reply.whole(200, model_list(routes), [json_type, (b"cache-control", b"no-store")])

    async def _forward(
        self,
        endpoint: Endpoint,
        key: KnownKey,
        scope: AsgiScope,
        receive: Receive,
        exchange: Exchange,
        reply: Reply,
    ) -> None:
        exchange.recorded = True
        exchange.counts_as_use = endpoint.counts_as_use
        _need(key, Scope.CHAT)
        body = await read_body(scope["headers"], receive)
        exchange.bytes_in = len(body)
        question = read_question(body)
        exchange.model, exchange.stream = question.model, question.stream
        # The state is looked at last, right before the engine is asked: see RouteTable for its age. A server
        # that goes to sleep within that second is still asked, and then woken by it.
        exchange.route = find(visible(await self._all_routes(), key.deployments), question.model)
        if spent_out(exchange.route, key):
            raise budget_spent(exchange.route)
        if endpoint.counts_as_use and not can_be_asked(exchange.route):
            check_hope(endpoint, question, exchange.route)
        async with ClientWatch(receive):
            route = await self._lit(endpoint, exchange.route, key, scope, exchange, reply)
            await self._ask(scope, question.body_for(route.model), route, exchange, reply)

    async def _lit(
        self,
        endpoint: Endpoint,
        route: Route,
        key: KnownKey,
        scope: AsgiScope,
        exchange: Exchange,
        reply: Reply,
    ) -> Route:
        """The route of a server that is lit, now or once it has been woken."""
        if can_be_asked(route):
            return route

        async def still_known() -> KnownKey:
            now = await self._key(scope)  # minutes may have passed: a revoked key gets no answer
            _need(now, Scope.CHAT)
            return now

        return await self._holding.until_ready(
            endpoint,
            exchange,
            reply,
            route=route,
            key=key,
            address=(scope.get("client") or (None,))[0],
            may_wake=may_wake(scope["headers"]),
            still_known=still_known,
        )

    async def _ask(
        self, scope: AsgiScope, body: bytes, route: Route, exchange: Exchange, reply: Reply
    ) -> None:
        exchange.asks()
        try:
            response = await self._upstream.ask(route, exchange.path, headers=scope["headers"], body=body)
        except LOST as error:
            raise _unreachable(route) from error
        try:
            good = await relay(response, reply, exchange)
        finally:
            response.close()  # before the end of the answer, this is what ends the generation
        if good:
            exchange.ended(Outcome.OK)
            return
        exchange.ended(Outcome.ENGINE_ERROR, f"http_{response.status}")
        if response.status >= 500 or response.status < 400:
            self._books.engine_failed(exchange, f"It answered {response.status} to {exchange.path}.")

    async def _all_routes(self) -> Sequence[Route]:
        try:
            return await self._routes.all()
        except Exception as error:
            raise unavailable("The state of the deployments could not be read") from error

    async def _tell(self, problem: Problem, exchange: Exchange, reply: Reply) -> None:
        exchange.ended(Outcome.ENGINE_LOST if problem.engine_lost else Outcome.REFUSED, problem.code)
        if problem.code == UNAVAILABLE:
            log.warning("gateway_blind", what=problem.message, exc_info=problem.__cause__)
        if problem.engine_lost:
            self._books.engine_failed(exchange, problem.message)
        await reply.problem(problem)

    async def _say_goodbye(self, exchange: Exchange, reply: Reply) -> None:
        """End an exchange that was cancelled by the books or by the end of the server."""
        if (task := asyncio.current_task()) is not None:
            task.uncancel()
        if exchange.stalled:
            exchange.ended(Outcome.CLIENT_LEFT, "client_stalled")
            return
        exchange.ended(Outcome.CUT, "panel_stopping")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_S):
                await reply.problem(_cut())

    async def close(self) -> None:
        """Refuse what comes, end what is open within a bounded time, write the books."""
        self._closing = True
        tasks = [exchange.task for exchange in self._books.open if exchange.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=2 * _GOODBYE_S)
        await self._books.close()
        await self._upstream.close()
        self._reads.close()
        self._waker.close()


def _endpoint(path: str, method: str) -> Endpoint | None:
    """The endpoint to forward to; None for the list of models. Problem 404 or 405 for anything else."""
    wanted = "GET" if path == MODELS_PATH else "POST"
    if path != MODELS_PATH and path not in FORWARDED:
        known = ", ".join([MODELS_PATH, *FORWARDED])
        raise Problem(404, "not_found", f"There is nothing at this path. Known are {known}.")
    if method != wanted:
        allow = (b"allow", wanted.encode())
        raise Problem(405, "method_not_allowed", f"Use {wanted} here.", headers=(allow,))
    return FORWARDED.get(path)


def _need(key: KnownKey, *scopes: Scope) -> None:
    if not key.scopes & set(scopes):
        names = " or ".join(scopes)
        message = f"This key may not do that: it needs the scope {names}, and its owner a role that has it."
        raise Problem(403, "not_allowed", message)


def _unreachable(route: Route) -> Problem:
    message = f"The engine of {route.slug} could not be reached. Ask again; if it stays so, see its logs."
    return Problem(502, "engine_unreachable", message, engine_lost=True)


def _cut() -> Problem:
    message = "The panel is being restarted. Ask again."
    return Problem(503, "panel_stopping", message, headers=((b"retry-after", b"5"),))


def _broken() -> Problem:
    return Problem(500, "internal_error", "The panel failed on this request; its log has the request id.")

"""Holding a request while its server wakes."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from deployments.public import Route, State, Waking
from gateway.known_key import KnownKey
from gateway.models import WhenAsleep

from .clock import Clock
from .exchange import Exchange
from .heartbeat import Heartbeat
from .paths import Endpoint
from .problems import Problem
from .refusals import UNAVAILABLE, can_be_asked, refusal, still_waking, unavailable
from .reply import Reply
from .routing import RouteTable, same, visible
from .waiting_room import WaitingRoom
from .waker import Waker

POLL_S = 0.5
# The usual clients give up after 600 s; they are answered before, and told when to come back.
LONGEST_UNASKED_S = 540.0
# On top of the expected boot: the deploy, the queue, and the moment until the panel has seen it ready.
_MARGIN_S = 60.0
# A start that takes longer has failed, and the panel says so before; this is for a panel that stands still.
_STREAM_FACTOR = 3
_STREAM_MARGIN_S = 300.0

_COMING = frozenset({State.DEPLOYING, State.WAKING})
_WAKEABLE = _COMING | {State.ASLEEP, State.OFF}

StillKnown = Callable[[], Awaitable[KnownKey]]


@dataclass(slots=True)
class _Wait:
    """One wait: the newest route, and from when until when, in monotonic seconds."""

    route: Route
    waking: Waking
    heart: Heartbeat | None
    since: float
    until: float


class Holding:
    """Turns a request for a server that is not lit into a route that can be asked, or into a Problem."""

    def __init__(self, routes: RouteTable, waker: Waker, clock: Clock) -> None:
        self._routes = routes
        self._waker = waker
        self._clock = clock
        self._room = WaitingRoom()

    async def until_ready(
        self,
        endpoint: Endpoint,
        exchange: Exchange,
        reply: Reply,
        *,
        route: Route,
        key: KnownKey,
        address: str | None,
        may_wake: bool,
        still_known: StillKnown,
    ) -> Route:
        """The route once its server is ready. Nothing is written to a server before.

        A stream begins at once and hears what the server is at; any other call hears nothing until then.
        `still_known` raises where the key has ended meanwhile. Problem where nothing may be lit, where the
        start fails or is ended, or where it takes too long.
        """
        choice = key.when_asleep if _wakes(endpoint, route, may_wake) else WhenAsleep.REFUSE
        if choice is WhenAsleep.REFUSE:
            raise refusal(route)
        with self._room.seat(key.key_id, exchange.bytes_in):
            waking = await self._waker.wake(route, exchange, key, address)
            since = self._clock.monotonic()
            if choice is WhenAsleep.ANSWER:
                raise still_waking(route, eta_s(route, waking, 0.0))
            stream = endpoint.streams and exchange.stream
            heart = Heartbeat(reply, exchange.dialect) if stream else None
            limit_s = stream_limit_s(waking) if stream else hold_limit_s(key, waking)
            wait = _Wait(route, waking, heart, since, since + limit_s)
            with exchange.waits():
                return await self._wait(wait, still_known)

    async def _wait(self, wait: _Wait, still_known: StillKnown) -> Route:
        while True:
            now = self._clock.monotonic()
            told_eta_s = eta_s(wait.route, wait.waking, now - wait.since)
            if now >= wait.until:
                raise still_waking(wait.route, told_eta_s)
            if wait.heart is not None:
                await wait.heart.beat(wait.route, told_eta_s, now)
            ready = await self._look(wait, still_known)
            if ready is not None:
                return ready
            await asyncio.sleep(POLL_S)

    async def _look(self, wait: _Wait, still_known: StillKnown) -> Route | None:
        """The route where it can be asked; None where there is nothing new, or it cannot be known now.

        A database that is away for a moment ends no wait: only what it says does, and the limit.
        """
        try:
            key = await still_known()
            routes = await self._all(wait.since)
            wait.route = same(visible(routes, key.deployments), wait.route)
            if can_be_asked(wait.route):
                return wait.route
            over = await self._waker.why_out(wait.route, wait.waking)
        except Problem as problem:
            if problem.code == UNAVAILABLE:
                return None
            raise
        if over is not None:
            raise over
        return None

    async def _all(self, after: float) -> tuple[Route, ...]:
        try:
            return await self._routes.all(after=after)
        except Exception as error:
            raise unavailable("The state of the deployments could not be read") from error


def _wakes(endpoint: Endpoint, route: Route, may_wake: bool) -> bool:
    """Whether this request is held: looking is not, and what goes out or failed is left alone. One that may
    not wake waits only for what is on its way already."""
    return endpoint.counts_as_use and route.state in (_WAKEABLE if may_wake else _COMING)


def hold_limit_s(key: KnownKey, waking: Waking) -> float:
    """How long a call without a stream is held: as its key says, else as long as nine in ten starts take."""
    if key.hold_limit_s is not None:
        return float(key.hold_limit_s)
    return min(LONGEST_UNASKED_S, waking.ready_p90_s + _MARGIN_S)


def stream_limit_s(waking: Waking) -> float:
    """How long a stream is held, its heartbeats going on."""
    return _STREAM_FACTOR * waking.ready_p90_s + _STREAM_MARGIN_S


def eta_s(route: Route, waking: Waking, waited_s: float) -> int | None:
    """Whole seconds until it is ready: as the panel expects, or from the wake where it has not begun."""
    if route.eta_s is not None:
        return max(0, round(route.eta_s))
    return max(0, round(waking.ready_p50_s - waited_s))

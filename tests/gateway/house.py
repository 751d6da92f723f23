"""A door with known keys and routes, behind a real server, without a database."""

import asyncio
import contextlib
import hashlib
import inspect
import socket
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import uvicorn

from deployments.public import Actor, InFlightRow, LeaseEnded, Refused, Route, Scope, State, Waking
from gateway.door.app import Door
from gateway.door.bookkeeper import Bookkeeper
from gateway.door.clock import Clock
from gateway.door.database import Database
from gateway.door.key_cache import KeyCache
from gateway.door.routing import RouteTable
from gateway.door.upstream import Upstream
from gateway.door.waker import Waker
from gateway.known_key import KnownKey
from gateway.models import UsageRecord

SECRET = "pl_" + "s" * 43
ENGINE_KEY = "engine-secret"
QUESTION = {"model": "glm-5.2-fp8", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 5}


def known(**changes: Any) -> KnownKey:
    """Anna's key, which may chat everywhere."""
    fields: dict[str, Any] = {
        "key_id": 7,
        "owner_id": 3,
        "owner_name": "Anna",
        "scopes": frozenset({Scope.READ, Scope.CHAT}),
        "deployments": None,
        "expires_at": None,
    }
    return KnownKey(**fields | changes)


def route(url: str = "http://127.0.0.1:1", **changes: Any) -> Route:
    """A deployment that is ready at `url`."""
    fields: dict[str, Any] = {
        "deployment_id": 1,
        "slug": "glm-5-2-fp8",
        "model": "glm-5.2-fp8",
        "state": State.READY,
        "sentence": "Lit for Anna.",
        "endpoint_url": url,
        "engine_key": ENGINE_KEY,
        "proxy_token_id": "wk-id",
        "proxy_token_secret": "ws-secret",
        "since": None,
        "eta_s": None,
        "phase": None,
    }
    return Route(**fields | changes)


class Hands:
    """A clock that is moved by hand, on top of the real one."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def clock(self) -> Clock:
        return Clock(
            monotonic=lambda: time.monotonic() + self.ahead_s,
            now=lambda: datetime.now(UTC) + timedelta(seconds=self.ahead_s),
        )


@dataclass
class Panel:
    """The rest of the panel, remembering what it was told."""

    known_routes: list[Route] = field(default_factory=list)
    in_flight: list[list[InFlightRow]] = field(default_factory=list)
    uses: list[int] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    asked: int = 0
    broken: bool = False
    wakes: list[tuple[int, Actor, str]] = field(default_factory=list)
    by_person: list[bool] = field(default_factory=list)
    refuses: Refused | None = None
    ended: LeaseEnded | None = None
    lease_id: int = 5

    def routes(self) -> list[Route]:
        self.asked += 1
        self._check()
        return list(self.known_routes)

    def wake_for(self, deployment_id: int, *, actor: Actor, reason: str, by_person: bool) -> Waking:
        """What `deployments.public.wake_for` does, as the door sees it: a lease, and a server that wakes."""
        self._check()
        if self.refuses is not None:
            raise self.refuses
        self.wakes.append((deployment_id, actor, reason))
        self.by_person.append(by_person)
        self.become(State.WAKING, leases=frozenset({self.lease_id}))
        return Waking(self.lease_id, 100.0, 135.0)

    def lease_ended(self, lease_id: int) -> LeaseEnded | None:
        self._check()
        return self.ended

    def become(self, state: State, **changes: Any) -> None:
        """Every deployment is in this state now."""
        self.known_routes = [replace(route, state=state, **changes) for route in self.known_routes]

    def gateway_lives(self, process: str, at: datetime) -> None:
        self._check()

    def report_in_flight(self, process: str, rows: Sequence[InFlightRow]) -> None:
        self._check()
        self.in_flight.append(list(rows))

    def note_use(self, deployment_id: int, at: datetime) -> None:
        self._check()
        self.uses.append(deployment_id)

    def note_engine_failure(self, deployment_id: int, at: datetime, text: str) -> None:
        self._check()
        self.failures.append(text)

    def _check(self) -> None:
        if self.broken:
            raise RuntimeError("database is locked")


@dataclass
class House:
    """One door and everything around it."""

    door: Door
    books: Bookkeeper
    panel: Panel
    keys: dict[str, KnownKey]
    hands: Hands
    rows: list[UsageRecord]
    url: str = ""
    lookups: int = 0
    http: aiohttp.ClientSession = None  # type: ignore[assignment]

    def admit(self, key: KnownKey, secret: str = SECRET) -> None:
        """Make `secret` open as `key`."""
        self.keys[hashlib.sha256(secret.encode()).hexdigest()] = key

    def post(self, path: str = "/v1/chat/completions", **kwargs: Any) -> Any:
        """A request with the key."""
        kwargs.setdefault("headers", {"authorization": f"Bearer {SECRET}"})
        if "data" not in kwargs:
            kwargs.setdefault("json", QUESTION)
        return self.http.post(self.url + path, **kwargs)

    async def tick(self) -> None:
        """Have the books told and written now."""
        await self.books.tick()

    async def row(self) -> UsageRecord:
        """The one row that was written, once the request has ended."""
        await until(lambda: not self.books.open)
        await self.tick()
        assert len(self.rows) == 1
        return self.rows[0]


async def until(true: Any, within_s: float = 5.0) -> None:
    """Wait for something that happens by itself; `true` is called again and again, and may be async."""
    async with asyncio.timeout(within_s):
        while True:
            found = true()
            if await found if inspect.isawaitable(found) else found:
                return
            await asyncio.sleep(0.005)


def build_house(panel: Panel, *, write: Any = None) -> House:
    """A door in the running loop, with a key that works."""
    hands = Hands()
    clock = hands.clock()
    keys: dict[str, KnownKey] = {}
    rows: list[UsageRecord] = []

    async def load(secret_hash: str) -> KnownKey | None:
        house.lookups += 1
        return keys.get(secret_hash)

    async def routes() -> Sequence[Route]:
        return panel.routes()

    books = Bookkeeper(panel, clock, "test:1", write=write or rows.extend, mark=lambda used: None)
    door = Door(
        keys=KeyCache(load, clock),
        routes=RouteTable(routes, clock),
        upstream=Upstream(),
        books=books,
        clock=clock,
        reads=Database(threads=1, name="test-reads"),
        waker=Waker(panel, Database(threads=1, name="test-wakes")),
    )
    house = House(door, books, panel, keys, hands, rows)
    house.admit(known())
    return house


@contextlib.asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """`app` behind uvicorn on a free port of this machine; ends without uvicorn's two waits of 0.1 s."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, interface="asgi3", lifespan="off", log_level="error"))
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup(sockets=[listener])
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        for accepting in server.servers:
            accepting.close()
        for connection in list(server.server_state.connections):
            connection.transport.abort()
        listener.close()


@contextlib.asynccontextmanager
async def open_house(*routes: Route, **options: Any) -> AsyncIterator[House]:
    """A house in service."""
    house = build_house(Panel(list(routes)), **options)
    async with served(house.door.serve) as url, aiohttp.ClientSession() as http:
        house.url, house.http = url, http
        try:
            yield house
        finally:
            await house.door.close()

"""The two servers that are compared: the door, and an async Django view behind the panel's middleware.

The door also before a server that never gets ready, for bench_held.py.

Both check the same key in memory, ask the same engine with aiohttp, and read usage from the end of an answer.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlpanel.settings")

import django
from django.conf import settings

django.setup()

import aiohttp  # noqa: E402
import uvicorn  # noqa: E402
from django.core.handlers.asgi import ASGIHandler  # noqa: E402
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402

from deployments.public import Actor, InFlightRow, LeaseEnded, Route, Scope, State, Waking  # noqa: E402
from gateway.door import waiting_room  # noqa: E402
from gateway.door.app import Door  # noqa: E402
from gateway.door.bookkeeper import Bookkeeper  # noqa: E402
from gateway.door.clock import Clock  # noqa: E402
from gateway.door.database import Database  # noqa: E402
from gateway.door.key_cache import KeyCache  # noqa: E402
from gateway.door.routing import RouteTable  # noqa: E402
from gateway.door.tokens import TAIL_BYTES, read_tokens  # noqa: E402
from gateway.door.upstream import Upstream  # noqa: E402
from gateway.door.waker import Waker  # noqa: E402
from gateway.known_key import KnownKey  # noqa: E402
from gateway.models import WhenAsleep  # noqa: E402

KNOWN = KnownKey(1, 1, "bench", frozenset({Scope.CHAT, Scope.WAKE}), None, None, WhenAsleep.HOLD)


class Panel:
    """One deployment, in one state for ever; whatever is told is forgotten."""

    def __init__(self, engine: str, state: State) -> None:
        self.route = Route(
            1, "bench", "bench", state, "So it is.", engine, "k", "", "", None, None, None, frozenset({1})
        )

    def routes(self) -> Sequence[Route]:
        """The one route."""
        return [self.route]

    def wake_for(self, deployment_id: int, *, actor: Actor, reason: str, by_person: bool) -> Waking:
        """The one lease there is."""
        return Waking(1, 3600.0, 3600.0)

    def lease_ended(self, lease_id: int) -> LeaseEnded | None:
        """Never."""

    def report_in_flight(self, process: str, rows: Sequence[InFlightRow]) -> None:
        """Forget it."""

    def note_use(self, deployment_id: int, at: Any) -> None:
        """Forget it."""

    def note_engine_failure(self, deployment_id: int, at: Any, text: str) -> None:
        """Forget it."""


async def _any_key(secret_hash: str) -> KnownKey:
    return KNOWN


def open_door(engine: str, state: State) -> Door:
    """A door without a database."""
    clock = Clock()
    panel = Panel(engine, state)
    reads = Database(threads=1, name="bench")
    books = Bookkeeper(panel, clock, "bench", write=lambda rows: None, mark=lambda used: None)
    return Door(
        keys=KeyCache(_any_key, clock),
        routes=RouteTable(lambda: reads.run(panel.routes), clock),
        upstream=Upstream(),
        books=books,
        clock=clock,
        reads=reads,
        waker=Waker(panel, reads),
    )


def door_app(engine: str, state: State = State.READY) -> Any:
    """The door as ASGI app."""
    doors: list[Door] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if not doors:
            doors.append(open_door(engine, state))
        await doors[0].serve(scope, receive, send)

    return app


def holding_app(engine: str) -> Any:
    """The door before a server that wakes for ever; the one key of the bench may fill the whole room."""
    waiting_room.MOST_PER_KEY = waiting_room.MOST_WAITING
    return door_app(engine, State.WAKING)


def view_app(engine: str) -> Any:
    """Django with the panel's middleware and one async view that forwards."""
    keys = KeyCache(_any_key, Clock())
    sessions: list[aiohttp.ClientSession] = []

    @csrf_exempt
    async def forward(request: HttpRequest) -> Any:
        """The same request at the engine, streamed back."""
        if await keys.get(request.headers.get("authorization", "").removeprefix("Bearer ").encode()) is None:
            return HttpResponse(status=401)
        if not sessions:
            connector = aiohttp.TCPConnector(limit=0)
            sessions.append(aiohttp.ClientSession(connector=connector, auto_decompress=False))
        answer = await sessions[0].post(engine + request.path, data=request.body)
        if answer.content_type != "text/event-stream":
            data = await answer.read()
            read_tokens(b"", data)
            return HttpResponse(data, content_type=answer.content_type)
        return StreamingHttpResponse(_pieces(answer), content_type="text/event-stream")

    settings.ROOT_URLCONF = type("Urls", (), {"urlpatterns": [path("v1/chat/completions", forward)]})
    return ASGIHandler()


async def _pieces(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    tail = b""
    async for piece in answer.content.iter_any():
        tail = (tail + piece)[-TAIL_BYTES:]
        yield piece
    read_tokens(b"", tail)


def main(kind: str, port: int, engine: str) -> None:
    """Serve one of them until killed."""
    app = {"door": door_app, "held": holding_app, "view": view_app}[kind](engine)
    config = uvicorn.Config(
        app,
        port=port,
        lifespan="off",
        log_level="critical",
        access_log=False,
        interface="asgi3",
        loop="uvloop",
    )
    asyncio.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])

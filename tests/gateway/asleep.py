"""A door before a server that sleeps, and a key that may wake it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from deployments.public import Scope, State
from gateway.door import holding, routing
from gateway.models import WhenAsleep

from .house import QUESTION, House, known, open_house, route, until
from .raw_engine import LAST, SSE, Heard, RawEngine, chunk, raw_engine, whole

CHATS = QUESTION
STREAMS = CHATS | {"stream": True}
WAKES = frozenset({Scope.READ, Scope.CHAT, Scope.WAKE})
ANSWER = b'{"choices":[],"usage":{"prompt_tokens":2,"completion_tokens":3}}'


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The door looks at once whether the state has changed."""
    monkeypatch.setattr(holding, "POLL_S", 0.01)
    monkeypatch.setattr(routing, "ROUTES_MAX_AGE_S", 0.02)


@asynccontextmanager
async def asleep(answer: Any = None, **changes: Any) -> AsyncIterator[tuple[House, RawEngine]]:
    """A door before a server that sleeps, with a key that may wake it."""
    key = {"scopes": WAKES, "when_asleep": WhenAsleep.HOLD, "name": "laptop"} | changes.pop("key", {})
    async with raw_engine(answer or whole(200, ANSWER)) as engine:
        asleep = route(engine.url, **({"state": State.ASLEEP, "sentence": "Asleep."} | changes))
        async with open_house(asleep) as house:
            house.admit(known(**key))
            yield house, engine


async def waiting(house: House, count: int = 1) -> None:
    """Return when so many requests wait."""
    await until(lambda: sum(each.waiting_since is not None for each in house.books.open) == count)


def ready(house: House) -> None:
    """It is lit now."""
    house.panel.become(State.READY)


async def streamed(heard: Heard, writer: asyncio.StreamWriter) -> None:
    """An answer of two events."""
    writer.write(SSE + chunk(b'data: {"n":1}\n\n') + chunk(b"data: [DONE]\n\n") + LAST)

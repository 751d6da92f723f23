"""A generator, a door and a reader in one event loop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from chat.models import Message
from chat.runner.desk import Desk
from chat.runner.gateway import Gateway
from chat.streams import Event, follow
from chat.threads import in_thread
from gateway.door.app import Door
from gateway.door.assembly import open_door
from tests.gateway.house import Panel, route, served, until

LONG = "Write a long text of 2000 words."


@dataclass
class Stage:
    """What runs."""

    engine: str
    panel: Panel
    url: str = ""
    door: Door = None  # type: ignore[assignment]
    desks: list[tuple[asyncio.Task[None], asyncio.Event]] = field(default_factory=list)

    async def open_desk(self) -> None:
        """Start another generator."""
        stop = asyncio.Event()
        desk = Desk(Gateway(self.url + "/v1"))
        self.desks.append((asyncio.create_task(desk.run(stop)), stop))

    async def close_desks(self) -> None:
        """As SIGTERM does."""
        for _, stop in self.desks:
            stop.set()
        await asyncio.gather(*(task for task, _ in self.desks))
        self.desks.clear()

    async def running(self) -> float:
        """Requests that the engine works on."""
        async with aiohttp.ClientSession() as http, http.get(self.engine + "/metrics") as metrics:
            lines = (await metrics.text()).splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith("vllm:num_requests_running"))

    async def idle(self) -> bool:
        """True where the engine works on nothing."""
        return await self.running() == 0


@contextlib.asynccontextmanager
async def stage(engine: str, *, desks: int = 1, **changes: Any) -> AsyncIterator[Stage]:
    """A door that knows one deployment, and generators that ask it."""
    here = Stage(engine, Panel([route(engine, **changes)]))
    here.door = open_door(here.panel)
    async with served(here.door.serve) as here.url:
        try:
            for _ in range(desks):
                await here.open_desk()
            yield here
        finally:
            await here.close_desks()
            await here.door.close()


async def read(reply: Message, after: str | None = None, within_s: float = 20.0) -> list[Event]:
    """Everything to the end of a reply."""
    async with asyncio.timeout(within_s):
        return [event async for event in follow(reply.public_id, after)]


async def read_until(reply: Message, kind: str, within_s: float = 20.0) -> list[Event]:
    """Everything up to the first event of a kind."""
    events = []
    async with asyncio.timeout(within_s):
        async for event in follow(reply.public_id):
            events.append(event)
            if event.kind == kind and event.data.get("text", "-"):
                return events
    raise AssertionError([event.kind for event in events])


async def fresh(reply: Message) -> Message:
    """The row as it is now."""
    return await in_thread(Message.objects.select_related("conversation").get, pk=reply.pk)


async def becomes(reply: Message, status: str, within_s: float = 10.0) -> Message:
    """Wait for a status in the row."""

    async def there() -> bool:
        return (await fresh(reply)).status == status

    await until(there, within_s)
    return await fresh(reply)


def statuses(events: list[Event]) -> list[str]:
    """The states that were told, one after another."""
    told = [event.data["status"] for event in events if event.kind == "state"]
    return [one for index, one in enumerate(told) if index == 0 or told[index - 1] != one]


def shown(events: list[Event]) -> tuple[str, str, dict[int, str]]:
    """What a reader sees in the end: reasoning, the open block's text, and the finished blocks."""
    reasoning, opened, number, blocks = "", "", -1, dict[int, str]()
    for event in events:
        data = event.data
        if event.kind == "reasoning":
            reasoning = data["text"] if data["reset"] else reasoning + data["text"]
        elif event.kind == "block":
            blocks[data["n"]] = data["html"]
            opened = "" if data["n"] >= number else opened
        elif event.kind == "open":
            opened = data["text"] if data["reset"] or data["n"] != number else opened + data["text"]
            number = data["n"]
    return reasoning, opened, blocks

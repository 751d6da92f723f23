"""What every route works with."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from aiohttp import web

from sandbox.engine.console import Console
from sandbox.engine.core import Engine
from sandbox.engine.errors import ApiError
from sandbox.engine.metrics import Metrics
from sandbox.engine.output import Job, Token
from sandbox.engine.settings import Settings


@dataclass(slots=True)
class State:
    """One server: its settings, engine and metrics, and the requests it is serving."""

    settings: Settings
    engine: Engine
    metrics: Metrics
    console: Console
    load: int = 0

    def model_name(self, asked: object) -> str:
        """The name to answer under. Raises ApiError for a model that is not served here."""
        names = self.settings.served_names
        if asked in (None, ""):
            return names[0]
        if asked in names:
            return str(asked)
        text = f"The model `{asked}` does not exist. Valid aliases: {', '.join(names)}."
        raise ApiError(404, text, kind="NotFoundError", param="model")


STATE = web.AppKey("state", State)


def state_of(request: web.Request) -> State:
    """The server's state."""
    return request.app[STATE]


def new_id(prefix: str) -> str:
    """An identifier in the real one's form."""
    return f"{prefix}{secrets.token_hex(8)}"


async def run_all(engine: Engine, jobs: Sequence[Job]) -> list[list[Token]]:
    """Run the jobs side by side to their ends. Raises EngineDeadError."""
    return list(await asyncio.gather(*(_collect(engine, job) for job in jobs)))


async def run_streamed(
    engine: Engine, jobs: Sequence[Job]
) -> AsyncGenerator[tuple[int, Sequence[Token]], None]:
    """Yield (choice, step) as the engine makes them. Closing it ends all jobs. Raises EngineDeadError."""
    if len(jobs) == 1:
        async with aclosing(engine.run(jobs[0])) as steps:
            async for step in steps:
                yield 0, step
        return
    queue: asyncio.Queue[tuple[int, Sequence[Token] | Exception | None]] = asyncio.Queue()
    tasks = [asyncio.create_task(_feed(engine, job, index, queue)) for index, job in enumerate(jobs)]
    try:
        left = len(tasks)
        while left:
            index, item = await queue.get()
            if isinstance(item, Exception):
                raise item
            if item is None:
                left -= 1
            else:
                yield index, item
    finally:
        for task in tasks:
            task.cancel()


async def _collect(engine: Engine, job: Job) -> list[Token]:
    done = list[Token]()
    async with aclosing(engine.run(job)) as steps:
        async for step in steps:
            done.extend(step)
    return done


async def _feed(
    engine: Engine,
    job: Job,
    index: int,
    queue: asyncio.Queue[tuple[int, Sequence[Token] | Exception | None]],
) -> None:
    try:
        async with aclosing(engine.run(job)) as steps:
            async for step in steps:
                queue.put_nowait((index, step))
        queue.put_nowait((index, None))
    except Exception as error:  # handed over: the reader raises it
        queue.put_nowait((index, error))

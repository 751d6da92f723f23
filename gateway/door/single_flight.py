"""One load at a time for one thing, whoever asks meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class SingleFlight(Generic[Value]):
    """Shares a running load with everybody who asks for the same key; a waiter that leaves ends nothing."""

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[Value]] = {}

    async def do(self, key: Hashable, load: Callable[[], Awaitable[Value]]) -> Value:
        """The result of `load`, or its error, from the load of `key` that runs or from a new one."""
        task = self._running.get(key)
        if task is None or task.done():  # a done one is forgotten a turn of the loop later
            task = asyncio.ensure_future(_awaited(load))
            self._running[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(task)

    def _forget(self, key: Hashable, done: "asyncio.Task[Value]") -> None:
        if self._running.get(key) is done:
            del self._running[key]
        if not done.cancelled():
            done.exception()  # seen, also where every waiter has left


async def _awaited(load: Callable[[], Awaitable[Value]]) -> Value:
    return await load()

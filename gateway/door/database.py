"""Database work off the event loop."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import close_old_connections

P = ParamSpec("P")
Result = TypeVar("Result")


class Database:
    """Threads of its own, so that neither a slow page nor a slow write keeps a key from being read."""

    def __init__(self, *, threads: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)

    async def run(self, work: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
        """The result of `work`, on a connection that is given back afterwards."""
        loop = asyncio.get_running_loop()
        context = contextvars.copy_context()  # the request's id goes along into the log and the messages

        def within() -> Result:
            return _with_connection(work, *args, **kwargs)

        return await loop.run_in_executor(self._pool, context.run, within)

    def close(self) -> None:
        """Start nothing new; what runs is finished by its thread."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _with_connection(work: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
    close_old_connections()
    try:
        return work(*args, **kwargs)
    finally:
        close_old_connections()

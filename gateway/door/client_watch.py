"""Noticing at once that the client has left."""

import asyncio
from types import TracebackType
from typing import Self

from .asgi_types import Receive
from .problems import ClientLeft


class ClientWatch:
    """Within `async with`, the client's leaving interrupts whatever is awaited and comes out as ClientLeft.

    Works as `asyncio.timeout` does: it cancels the task that entered and takes the cancellation back. Enter
    it only when the body has been read, for it reads on.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._left = False

    async def __aenter__(self) -> Self:
        self._inside = asyncio.current_task()
        self._watcher = asyncio.create_task(self._watch())
        return self

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            continue
        self._left = True
        if self._inside is not None:
            self._inside.cancel()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watcher.cancel()
        if self._left and self._inside is not None and self._inside.uncancel() == 0:
            raise ClientLeft from error

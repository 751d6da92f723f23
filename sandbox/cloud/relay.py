"""A response on its way from a container: streamed to whoever reads, or kept for whoever comes later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

# How much may wait for a slow reader before the container has to wait too, in bytes.
_MOST_WAITING = 1024 * 1024


class BrokenRelayError(Exception):
    """The response broke off before its end."""


class Relay:
    """Chunks of one response body. Until `keep`, a chunk is dropped once it was read."""

    def __init__(self) -> None:
        """Begin empty and not kept."""
        self._chunks: list[bytes] = []
        self._dropped = 0
        self._kept = False
        self._ended = False
        self._broken = False
        self._changed = asyncio.Condition()

    def keep(self) -> None:
        """Keep all chunks from now on, so that the response can be read again. Only before the first read."""
        self._kept = True

    async def add(self, chunk: bytes) -> None:
        """Pass a chunk on; waits while a reader is behind."""
        async with self._changed:
            self._chunks.append(chunk)
            self._changed.notify_all()
            await self._changed.wait_for(lambda: self._kept or self._waiting() < _MOST_WAITING)

    async def end(self, *, broken: bool = False) -> None:
        """There is no more."""
        async with self._changed:
            self._ended, self._broken = True, broken
            self._changed.notify_all()

    async def read(self) -> AsyncIterator[bytes]:
        """The chunks from the first that is still there. BrokenRelayError where it broke off."""
        position = 0
        while True:
            async with self._changed:
                while not self._ended and position >= self._end():
                    await self._changed.wait()
                if position >= self._end():
                    if self._broken:
                        raise BrokenRelayError
                    return
                chunk = self._chunks[position - self._dropped]
                position += 1
                if not self._kept:
                    self._chunks.pop(0)
                    self._dropped += 1
                self._changed.notify_all()
            yield chunk

    def _end(self) -> int:
        return self._dropped + len(self._chunks)

    def _waiting(self) -> int:
        return sum(map(len, self._chunks))

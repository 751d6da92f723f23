"""Blocks of a volume's files by HTTP, at addresses that nobody can guess."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

PREFIX = "/_block"
BLOCK_BYTES = 8 * 1024 * 1024
# The oldest addresses are forgotten: a reading that failed may be tried again for a while.
_MOST = 1024


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a file."""

    path: Path
    start: int
    length: int


class Blocks:
    """Offers stretches of files and serves them."""

    def __init__(self) -> None:
        """Nothing is offered yet."""
        self._offered: dict[str, Block] = {}

    def routes(self) -> list[web.RouteDef]:
        """What to add to the web application, before the functions' addresses."""
        return [web.get(PREFIX + "/{key}", self.answer)]

    def offer(self, path: Path, start: int, length: int) -> list[str]:
        """The paths of the blocks of a stretch, cut where the file's own blocks end."""
        found, position, end = [], start, start + length
        while position < end:
            stop = min(end, (position // BLOCK_BYTES + 1) * BLOCK_BYTES)
            key = secrets.token_urlsafe(24)
            self._offered[key] = Block(path, position, stop - position)
            found.append(f"{PREFIX}/{key}")
            position = stop
        while len(self._offered) > _MOST:
            del self._offered[next(iter(self._offered))]
        return found

    async def answer(self, request: web.Request) -> web.Response:
        """One block."""
        block = self._offered.get(request.match_info["key"])
        if block is None or not block.path.is_file():
            return web.Response(status=404, text="no such block")
        with block.path.open("rb") as file:
            file.seek(block.start)
            return web.Response(body=file.read(block.length), content_type="application/octet-stream")

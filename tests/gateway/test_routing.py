"""How old a route may be that a request is judged by."""

import asyncio

from deployments.public import Route
from gateway.door.clock import Clock
from gateway.door.routing import RouteTable

from .house import route


async def test_a_read_that_takes_longer_than_routes_last_is_made_once_and_answers() -> None:
    """A slow database must not make the door read for ever, and answer nobody."""
    passed, reads = 0.0, 0

    async def load() -> list[Route]:
        nonlocal passed, reads
        passed, reads = passed + 3.0, reads + 1
        await asyncio.sleep(0)
        return [route("http://127.0.0.1:9")]

    table = RouteTable(load, Clock(monotonic=lambda: passed))
    async with asyncio.timeout(2):
        assert len(await table.all()) == 1
        assert (len(await table.all(after=passed)), reads) == (1, 2)

"""One load for all who ask at once, and a new one for whoever asks once it has ended."""

import asyncio

from gateway.door.single_flight import SingleFlight


async def test_a_load_that_has_just_ended_is_not_given_to_whoever_comes_now() -> None:
    """In the same turn of the loop: who needs a newer one would ask for ever, and nothing else would run."""
    flight, loads = SingleFlight[int](), 0

    async def load() -> int:
        nonlocal loads
        loads += 1
        return loads

    async def comes_later() -> int:
        return await flight.do("x", load)

    first = asyncio.ensure_future(flight.do("x", load))
    await asyncio.sleep(0)  # the load is made, and runs in the next turn
    later = asyncio.ensure_future(comes_later())  # runs right after it
    assert [await first, await later] == [1, 2]
    assert await flight.do("x", load) == 3

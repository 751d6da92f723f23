"""Following a log from a line on, for a while: whoever follows comes again with the id that came last."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from .logs import Found

POLL_S = 0.25
HEARTBEAT_S = 10.0
CHECK_S = 5.0
LIFE_S = 600.0
BATCH = 500


@dataclass(frozen=True, slots=True)
class Tail:
    """Where lines come from: `read` gives those after an id (None: the newest), `allowed` asks whether the
    reader may still see them."""

    read: Callable[[int | None], Awaitable[Found]]
    allowed: Callable[[], Awaitable[bool]]
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic


async def follow(tail: Tail, after_id: int | None) -> AsyncIterator[Found | None]:
    """The lines after `after_id` as they come, None every HEARTBEAT_S of silence, LIFE_S in all.

    A part without lines that has `reached` says how far a search came; it goes on from there.
    """
    begun = spoken = checked = tail.clock()
    while (now := tail.clock()) - begun < LIFE_S:
        if now - checked >= CHECK_S:
            if not await tail.allowed():
                return
            checked = now
        found = await tail.read(after_id)
        if found.lines or found.reached not in (None, after_id):
            after_id, spoken = place_after(found), now
            yield found
        elif now - spoken >= HEARTBEAT_S:
            spoken = now
            yield None
        if len(found.lines) < BATCH and found.reached is None:
            await tail.pause(POLL_S)


def place_after(found: Found) -> int | None:
    """The id from which to read on."""
    last = found.lines[-1].pk if found.lines else None
    return max(found.reached or 0, last or 0) or None

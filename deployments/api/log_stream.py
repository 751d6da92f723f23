"""Log lines as server-sent events, for a while: the client reconnects with the id it saw last."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from deployments.models import LogLine

from .log_schemas import as_json

POLL_S = 0.5
HEARTBEAT_S = 10.0
CHECK_S = 5.0
LIFE_S = 600.0
BATCH = 500
RETRY_MS = 1000


@dataclass(frozen=True, slots=True)
class Tail:
    """Where lines come from: `read` gives those after an id (None: the newest), `allowed` asks whether the
    caller may still see them."""

    read: Callable[[int | None], Awaitable[list[LogLine]]]
    allowed: Callable[[], Awaitable[bool]]
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic


async def events(tail: Tail, after_id: int | None) -> AsyncIterator[str]:
    """The lines after `after_id` as they come, a comment every HEARTBEAT_S of silence, LIFE_S in all."""
    begun = spoken = checked = tail.clock()
    yield f"retry: {RETRY_MS}\n\n"
    while (now := tail.clock()) - begun < LIFE_S:
        if now - checked >= CHECK_S:
            if not await tail.allowed():
                return
            checked = now
        lines = await tail.read(after_id)
        if lines:
            after_id, spoken = lines[-1].pk, now
            yield "".join(map(_event, lines))
        elif now - spoken >= HEARTBEAT_S:
            spoken = now
            yield ": nothing new\n\n"
        if len(lines) < BATCH:
            await tail.pause(POLL_S)


def _event(line: LogLine) -> str:
    return f"id: {line.pk}\ndata: {json.dumps(as_json(line), ensure_ascii=False)}\n\n"

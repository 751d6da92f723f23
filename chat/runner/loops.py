"""Rounds that outlive their errors."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError

log = structlog.get_logger(__name__)

_PAUSE_AFTER_ERROR_S = 1.0
_PAUSE_S = 0.5
Result = TypeVar("Result")


async def again_and_again(
    work: Callable[[], Awaitable[None]], every_s: float, wake: asyncio.Event | None = None
) -> None:
    """Do `work` for ever, once in `every_s`, and as soon as `wake` is set."""
    clock = asyncio.get_running_loop().time
    while True:
        began = clock()
        try:
            await work()
            pause_s = max(every_s / 4, every_s - (clock() - began))
        except DatabaseError as error:  # away for a moment: a line, and no traceback every second
            log.warning("runner.database_away", work=work.__qualname__, error=str(error)[:200])
            pause_s = max(every_s, _PAUSE_AFTER_ERROR_S)
        except Exception:  # the loop's edge
            log.exception("runner.round_failed", work=work.__qualname__)
            pause_s = max(every_s, _PAUSE_AFTER_ERROR_S)
        await pause(pause_s, wake)


async def pause(seconds: float, wake: asyncio.Event | None = None) -> None:
    """Wait so long, or until `wake` is set, which is unset then."""
    if wake is None:
        await asyncio.sleep(seconds)
        return
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        pass
    wake.clear()


async def until_done(work: Callable[[], Awaitable[Result]]) -> Result:
    """What `work` gives, tried again for as long as the database is away: no reply gets lost over that."""
    while True:
        try:
            return await work()
        except (OperationalError, InterfaceError) as error:
            log.warning("runner.database_away", error=type(error).__name__)
            await asyncio.sleep(_PAUSE_S)

"""Waiting for a state without holding a connection to the database."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from deployments.planning.lifecycle import State
from deployments.services.views import StatusView

POLL_S = 0.5
LONGEST_S = 300.0
_RESTING = frozenset({State.OFF, State.ASLEEP})


@dataclass(frozen=True, slots=True)
class Waited:
    """The last status seen, and why waiting ended: `reached`, `timeout` or `settled`."""

    status: StatusView
    ended_by: str
    message: str


async def until_state(
    read: Callable[[], Awaitable[StatusView]],
    wanted: State,
    timeout_s: float,
    *,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Waited:
    """Read every POLL_S until the state is `wanted`, cannot become it by waiting, or the time is over."""
    deadline = clock() + timeout_s
    while True:
        status = await read()
        left_s = deadline - clock()
        if status.state is wanted:
            return Waited(status, "reached", f"It is {wanted}.")
        if settled(status):
            return Waited(status, "settled", _settled_words(status, wanted))
        if left_s <= 0:
            return Waited(status, "timeout", f"It is {status.state}, not {wanted}, after {timeout_s:g} s.")
        await pause(min(POLL_S, left_s))


def settled(status: StatusView) -> bool:
    """True where the state stays as it is until somebody acts."""
    if status.state is State.FAILED:
        return not status.moving
    return status.state in _RESTING and not status.leases and not status.moving


def _settled_words(status: StatusView, wanted: State) -> str:
    return f"It is {status.state} and stays so until somebody acts; waiting does not make it {wanted}."

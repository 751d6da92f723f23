"""Starts the process table, restarts what dies, stops all of it in order."""

import asyncio
from collections.abc import Iterable
from typing import Any

from .child import Child
from .console import Console
from .program import Program

# A child that dies this young did not do its work; after so many in a row there is no use in going on.
QUICK_S = 30.0
QUICK_DEATHS = 5
_LONGEST_PAUSE_S = 15.0


class GaveUp(Exception):
    """A child cannot be kept running; the text names it."""


class Supervisor:
    """The children that live now. `stop_asked` may be set by anybody; `killed` ends patience."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.stop_asked = asyncio.Event()
        self.failure: str | None = None
        self._children: dict[str, Child] = {}
        self._watches: list[asyncio.Task[None]] = []
        self._stopping = False

    async def start(self, programs: Iterable[Program]) -> None:
        """Start `programs` together and wait until each is ready. Raises GaveUp where one is not.

        Returns early where a stop was asked for meanwhile.
        """
        begun: asyncio.Future[Any] = asyncio.gather(*(self._begin(program) for program in programs))
        stop: asyncio.Future[Any] = asyncio.ensure_future(self.stop_asked.wait())
        await asyncio.wait({begun, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if begun.done():
            begun.result()
        else:
            begun.cancel()

    async def _begin(self, program: Program) -> None:
        child = await self._spawn(program)
        if not await child.until_ready():
            end = f"was not ready within {program.ready_limit_s:.0f} s" if child.alive else "ended at once"
            raise GaveUp(f"{program.name} {end}; its last lines are above.")
        await _after_ready(program)
        self._watches.append(asyncio.create_task(self._watch(child)))

    async def _spawn(self, program: Program) -> Child:
        try:
            child = await Child.spawn(program, self.console)
        except OSError as error:
            raise GaveUp(
                f"{program.name} cannot be started: {error.strerror} ({program.argv[0]})."
            ) from error
        self._children[program.name] = child
        return child

    async def _watch(self, child: Child) -> None:
        """Start the program of `child` again whenever it dies, after a pause, until that is no use."""
        quick = 0
        while True:
            code = await child.wait()
            quick = quick + 1 if child.age_s < QUICK_S else 1
            if self._stopping or self._is_hopeless(child.program, quick):
                return
            pause_s = min(2.0 ** (quick - 1), _LONGEST_PAUSE_S)
            self.console.say(f"{child.program.name} ended ({_how(code)}); starts again in {pause_s:.0f} s.")
            await asyncio.sleep(pause_s)
            if self._stopping:
                return
            child = await self._again(child)

    def _is_hopeless(self, program: Program, quick: int) -> bool:
        if quick >= QUICK_DEATHS:
            self._give_up(f"{program.name} died {quick} times, each time within {QUICK_S:.0f} s.")
        return quick >= QUICK_DEATHS

    async def _again(self, dead: Child) -> Child:
        """A new life of `dead`'s program; `dead` itself where it cannot be started, which is a death too."""
        try:
            child = await self._spawn(dead.program)
        except GaveUp as error:
            self.console.say(str(error))
            return dead
        try:
            if child.program.on_ready and await child.until_ready():
                await _after_ready(child.program)
        except Exception as error:  # the edge of the loop: the child lives, and the next start tries again
            self.console.say(f"{child.program.name} is up, but what follows its start failed: {error}")
        return child

    def _give_up(self, reason: str) -> None:
        self.failure = reason
        self.stop_asked.set()

    async def stop(self) -> None:
        """Stop stage by stage, the latest first; within a stage all at once."""
        self._stopping = True
        for stage in sorted({child.program.stage for child in self._children.values()}, reverse=True):
            children = [child for child in self._children.values() if child.program.stage == stage]
            await asyncio.gather(*(child.stop() for child in children))
        for child in self._children.values():
            await child.wait()
        for watch in self._watches:
            watch.cancel()

    def kill(self) -> None:
        """End everything at once."""
        self._stopping = True
        for child in self._children.values():
            child.kill()


async def _after_ready(program: Program) -> None:
    if program.on_ready:
        await asyncio.to_thread(program.on_ready)


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"

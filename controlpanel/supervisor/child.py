"""One life of a supervised process."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable

from .console import Console
from .program import Program

_PR_SET_PDEATHSIG = 1  # prctl(2); Linux alone
_READY_POLL_S = 0.1

Process = asyncio.subprocess.Process
Copying = asyncio.Task[None]


class Child:
    """A running Program, leader of a session of its own: a terminal's Ctrl-C reaches the supervisor alone."""

    def __init__(self, program: Program, process: Process, copying: Copying) -> None:
        self.program = program
        self.pid = process.pid
        self._started = time.monotonic()
        self._ended: float | None = None
        self._process = process
        self._copying = copying

    @classmethod
    async def spawn(cls, program: Program, console: Console) -> "Child":
        """Start `program` with no input, its output copied to `console`. OSError where it cannot run."""
        if program.before_start:
            program.before_start()
        process = await asyncio.create_subprocess_exec(
            *program.argv,
            env={**os.environ, **program.environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent(program.death_signal),
        )
        assert process.stdout is not None  # noqa: S101 (it was asked for just above)
        copying = asyncio.create_task(console.copy(program.name, process.stdout, hide=program.hide))
        return cls(program, process, copying)

    @property
    def alive(self) -> bool:
        """False from the moment its end was seen."""
        return self._process.returncode is None

    @property
    def age_s(self) -> float:
        """Seconds that it has lived, or did live."""
        return (self._ended or time.monotonic()) - self._started

    async def wait(self) -> int:
        """Wait for its end; the exit code, negative for a signal. Then end what it left in its group."""
        code = await self._process.wait()
        self._ended = self._ended or time.monotonic()
        self.kill()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._copying, timeout=1.0)
        return code

    async def until_ready(self) -> bool:
        """True once `program.ready` says so (at once without one); False where it died or is late."""
        asked = self.program.ready
        if asked is None:
            return True
        while self.alive and self.age_s < self.program.ready_limit_s:
            if await asked():
                return True
            await asyncio.sleep(_READY_POLL_S)
        return False

    async def stop(self) -> None:
        """SIGTERM, then patience for `stop_limit_s`, then SIGKILL to its whole group."""
        self._signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), timeout=self.program.stop_limit_s)
        except TimeoutError:
            self.kill()
            await self._process.wait()

    def kill(self) -> None:
        """SIGKILL to everything in its group, at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)


def _die_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """What the child runs before its program: have the kernel signal it when the supervisor dies."""
    if sys.platform != "linux":
        return None
    libc, parent = ctypes.CDLL(None), os.getpid()

    def before_program() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return before_program

"""The processes of one container: started, listened to, ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.cloud import lifeline

_LONGEST_LINE = 64 * 1024
_POLL_S = 0.02
# A line ends with a newline, or where a carriage return begins the next state of a progress bar. A carriage
# return that came last may be the first half of a line end: it waits for more.
_LINE = re.compile(rb"\r*(?:[^\r\n]*\r*\n|[^\r\n]+(?=\r[^\n]))")


@dataclass(frozen=True, slots=True)
class Task:
    """What a container's process is started with."""

    module: str
    function: str
    web: bool
    home: Path
    environment: Mapping[str, str]
    server_url: str
    token: tuple[str, str] = field(repr=False)


class ContainerProcess:
    """A container's first process, seen from the sandbox."""

    def __init__(self, task: Task, on_line: Callable[[str], None]) -> None:
        """`on_line` gets every line of the log with its line end."""
        self._task = task
        self._on_line = on_line
        self._process: asyncio.subprocess.Process | None = None
        self._events: asyncio.Queue[str] = asyncio.Queue()
        self._pumps: list[asyncio.Task[None]] = []

    @property
    def is_started(self) -> bool:
        """Whether there is a process yet; starting one takes a moment."""
        return self._process is not None

    @property
    def pid(self) -> int:
        """Process id of the container's first process."""
        return self._started.pid

    @property
    def _started(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise RuntimeError("the container's process has not been started")
        return self._process

    async def start(self) -> None:
        """Start it, in a session of its own."""
        events_read, events_write = os.pipe()
        log_read, log_write = os.pipe()
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "sandbox.cloud.entry",
                cwd=self._task.home, env=self._environment(events_write), start_new_session=True,
                stdin=asyncio.subprocess.PIPE, stdout=log_write, stderr=log_write, pass_fds=(events_write,),
            )  # fmt: skip
        finally:
            os.close(events_write)
            os.close(log_write)
        self._pumps = [
            asyncio.create_task(self._pump_log(await _reader(log_read))),
            asyncio.create_task(self._pump_events(await _reader(events_read))),
        ]

    async def event(self, name: str) -> bool:
        """Wait until the process says `name`; False where it ended before."""
        while True:
            said = await self._events.get()
            if said in (name, ""):
                return said == name

    async def listening(self, port: int) -> None:
        """Wait until something accepts connections on the loopback port; never times out by itself."""
        while not _accepts(port):  # noqa: ASYNC110 - nothing tells when a port opens
            await asyncio.sleep(_POLL_S)

    async def give(self, call: Mapping[str, Any]) -> None:
        """Tell the process which input to run."""
        stdin = self._started.stdin
        if stdin is None:
            raise RuntimeError("the container's process takes no input")
        with contextlib.suppress(ConnectionError):
            stdin.write(json.dumps(call).encode() + b"\n")
            await stdin.drain()

    async def ended(self) -> int:
        """Wait for the end of the process and of its log. Gives the exit code."""
        code = await self._started.wait()
        # Not gather: whoever stops waiting here must not stop the reading of the last lines.
        await asyncio.wait(self._pumps)
        return code

    async def stop(self, grace_s: float) -> None:
        """SIGTERM, then after `grace_s` SIGKILL, to all of it."""
        if self._process is None or self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), grace_s)
        self.kill()

    def kill(self) -> None:
        """SIGKILL all of it now."""
        if self._process is None or self._process.returncode is not None:
            return
        lifeline.kill_descendants(self._process.pid)
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    def _environment(self, events_fd: int) -> dict[str, str]:
        task = {
            "module": self._task.module,
            "function": self._task.function,
            "web": self._task.web,
            "events_fd": events_fd,
            "server_url": self._task.server_url,
            "token": self._task.token,
        }
        return {
            **self._task.environment,
            "SANDBOX_PARENT_PID": str(os.getpid()),
            "SANDBOX_TASK": json.dumps(task),
        }

    async def _pump_events(self, reader: asyncio.StreamReader) -> None:
        async for line in reader:
            self._events.put_nowait(str(json.loads(line)["event"]))
        self._events.put_nowait("")

    async def _pump_log(self, reader: asyncio.StreamReader) -> None:
        pending = b""
        while chunk := await reader.read(_LONGEST_LINE):
            *lines, pending = split_lines(pending + chunk)
            for line in lines:
                self._on_line(line.decode(errors="replace"))
        if pending:
            self._on_line(pending.decode(errors="replace"))


def split_lines(received: bytes) -> list[bytes]:
    """Lines as they came, and last what has no end yet."""
    lines = _LINE.findall(received)
    rest = received[sum(map(len, lines)) :]
    if len(rest) >= _LONGEST_LINE:
        return [*lines, rest, b""]
    return [*lines, rest]


async def _reader(fd: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(fd, "rb", 0))
    return reader


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0

"""The engine's log: the real one's prefixes, levels, dates and progress bars, on one text stream."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TextIO

API, CORE, WORKER = "APIServer", "EngineCore", "Worker_TP0"


class Console:
    """Writes log lines. One process plays all of the real one's, under pids counted from its own."""

    def __init__(
        self,
        stream: TextIO,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        pid: int | None = None,
    ) -> None:
        self._stream = stream
        self._now = now
        self.pid = pid or os.getpid()

    def line(self, process: str, source: str, text: str, level: str = "INFO") -> None:
        """One line, or one per line of the text, under the process's prefix."""
        stamp = self._now().strftime("%m-%d %H:%M:%S")
        prefix = f"({process} pid={self._pid_of(process)}) {level} {stamp} [{source}] "
        self.raw("".join(f"{prefix}{part}\n" for part in text.split("\n")))

    def uvicorn(self, text: str) -> None:
        """A line of the web server, which has neither prefix nor date."""
        self.raw(f"INFO:     {text}\n")

    def bar(self, process: str, text: str, *, first: bool = False, last: bool = False) -> None:
        """One state of a progress bar: no date, a carriage return before, a newline only at the end."""
        start = f"({process} pid={self._pid_of(process)}) " if first else ""
        self.raw(f"{start}\r{text}" + ("\n" if last else ""))

    def raw(self, text: str) -> None:
        """The text as it is, flushed: the reader at the other end of the pipe sees it at once."""
        self._stream.write(text)
        self._stream.flush()

    def _pid_of(self, process: str) -> int:
        if process == API:
            return self.pid
        rank = int(process[9:]) if process.startswith("Worker_TP") else 0
        return self.pid + (87 if process == CORE else 132 + rank)

"""What the supervisor writes: its own words, and each child's lines behind the child's name."""

import asyncio
import contextlib
from typing import TextIO

# A line longer than this is cut in pieces, so that a child that never ends a line costs no memory.
_LONGEST_LINE = 64 * 1024
_WIDTH = 8
_COLOURS = (36, 32, 33, 35, 34, 96, 92)


class Console:
    """Writes to `stream`; in colour only where that is a terminal. A closed stream stops nothing."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._colours: dict[str, int] | None = {} if stream.isatty() else None

    def say(self, text: str = "") -> None:
        """One line of the supervisor itself."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text + "\n")
            self._stream.flush()

    def line(self, name: str, text: str) -> None:
        """One line of the child `name`."""
        label = f"{name:{_WIDTH}}|"
        if self._colours is not None:
            colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
            label = f"\x1b[{colour}m{label}\x1b[0m"
        self.say(f"{label} {text}")

    async def copy(self, name: str, output: asyncio.StreamReader, *, hide: str | None = None) -> None:
        """Copy a child's output until it closes, without the lines that contain `hide`."""
        rest = b""
        while chunk := await output.read(_LONGEST_LINE):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) >= _LONGEST_LINE:
                lines.append(rest)
                rest = b""
            for line in lines:
                text = line.decode(errors="replace").rstrip("\r")
                if hide is None or hide not in text:
                    self.line(name, text)
        if rest:
            self.line(name, rest.decode(errors="replace"))

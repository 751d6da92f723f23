"""A boot as data: steps of a phase, each written after so many seconds of life."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sandbox.engine.console import Console

Write = Callable[[Console], None]


@dataclass(frozen=True, slots=True)
class Step:
    """What is written, and the seconds of life before it."""

    phase: str
    wait_s: float
    write: Write


class BootFailure(Exception):
    """The engine cannot start; its last words are written, the process ends with this code."""

    def __init__(self, exit_code: int = 1) -> None:
        super().__init__(f"boot failed with exit code {exit_code}")
        self.exit_code = exit_code


def say(phase: str, wait_s: float, process: str, source: str, text: str, level: str = "INFO") -> Step:
    """A step that writes one log line."""
    return Step(phase, wait_s, lambda console: console.line(process, source, text, level))


def tell(phase: str, wait_s: float, text: str) -> Step:
    """A step that writes text without any prefix."""
    return Step(phase, wait_s, lambda console: console.raw(text))


def progress(
    phase: str, process: str, label: str, *, total: int, seconds: float, states: int
) -> Iterator[Step]:
    """A progress bar of so many states that takes `seconds` of life from first to last."""
    for index in range(states + 1):
        done = total * index // states
        text = bar_text(label, done, total, seconds * index / states)
        yield Step(phase, seconds / states if index else 0, _bar(process, text, index == 0, index == states))


def bar_text(label: str, done: int, total: int, elapsed_s: float) -> str:
    """One state of a bar in tqdm's form: percent, blocks, count, elapsed, left and rate."""
    share = done / total
    left_s = elapsed_s * (1 - share) / share if done else 0.0
    blocks = "█" * int(10 * share)
    rate = f"{done / elapsed_s:5.2f}it/s" if elapsed_s and done else "?it/s"
    left = clock(left_s) if done else "?"
    return f"{label}: {int(100 * share):3d}%|{blocks:<10}| {done}/{total} [{clock(elapsed_s)}<{left}, {rate}]"


def clock(seconds: float) -> str:
    """Minutes and seconds, as bars show them."""
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"


def _bar(process: str, text: str, first: bool, last: bool) -> Write:
    return lambda console: console.bar(process, text, first=first, last=last)

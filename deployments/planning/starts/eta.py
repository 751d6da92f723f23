"""How long it takes until ready, from past starts and from how far this one has come.

Each past start tells what would be left if this one went on like it: the rest of the phase it is in, by that
start's length of it, and all later phases. The estimate is the median of these, its margin their 90th
percentile. So time that passes, a phase that ends and a phase that is skipped never raise it; only a phase
that past starts did not have, or a log that says that this one goes slower than nine of ten, does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from .start import PHASES, Start

# What the log says of a phase's progress counts in full from here on: the first steps are uneven.
_SURE = 0.5


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a start has come: `passed_s` since it was first seen, `in_phase_s` since its phase began, and
    `share` (0 to 1) of the phase where the log tells it. Without a phase it has only been asked for."""

    passed_s: float = 0.0
    phase: str = ""
    in_phase_s: float = 0.0
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Eta:
    """Seconds left, in the middle and with nine of ten; how many of `starts` starts were ready by now."""

    p50_s: float
    p90_s: float
    starts: int
    were_ready: int

    @property
    def late(self) -> bool:
        """It takes longer than nine of ten."""
        return self.were_ready >= 0.9 * self.starts


def eta(past: Sequence[Start], now: Progress) -> Eta:
    """`past` has at least one start."""
    left = lefts(past, now)
    were_ready = sum(start.ready_s < now.passed_s for start in past)
    return Eta(median(left), p90(left), len(past), were_ready)


def lefts(past: Sequence[Start], now: Progress) -> list[float]:
    """What would be left by each past start, in their order."""
    if now.phase not in PHASES:
        return [max(0.0, start.ready_s - now.passed_s) for start in past]
    longer = _longer_s(past, now)
    return [
        max(0.0, took + longer_s - now.in_phase_s) + start.after(now.phase)
        for start, took, longer_s in zip(past, (start.took(now.phase) for start in past), longer, strict=True)
    ]


def _longer_s(past: Sequence[Start], now: Progress) -> list[float]:
    """By how much the log says that this phase will be longer than each one was, where it says that it will
    be longer than nine of ten. It shortens nothing: a phase has several bars, and one of them that is full
    says little."""
    lengths = [start.took(now.phase) for start in past]
    if not now.share or now.share <= 0:
        return [0.0] * len(lengths)
    whole_s, most_s = now.in_phase_s / min(now.share, 1.0), p90(lengths)
    sure = min(1.0, now.share / _SURE) ** 2
    return [sure * max(0.0, whole_s - max(length, most_s)) for length in lengths]


def p90(values: Sequence[float]) -> float:
    """The 90th percentile."""
    return quantiles(values, n=10, method="inclusive")[8] if len(values) > 1 else values[0]

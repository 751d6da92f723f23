"""How good the estimate was: each past start, estimated from those before it alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from .eta import Progress, eta
from .start import PHASES, Start, basis

# So many starts are tested, and this part of them gives the margin.
TESTED, PART = 10, 0.8


@dataclass(frozen=True, slots=True)
class Within:
    """The estimate was within `seconds` of what came in `hits` of `of` starts; `early` of them took longer
    than was said."""

    seconds: float
    hits: int
    of: int
    early: int


def backtest(starts: Sequence[Start], phase: str = "") -> Within | None:
    """Of the newest ten of `starts` (newest first): as the wake was asked for, or as `phase` began.

    None where fewer than two have enough starts before them.
    """
    missed = [miss for place in range(len(starts)) if (miss := _miss(starts, place, phase)) is not None]
    return within(missed[:TESTED])


def _miss(starts: Sequence[Start], place: int, phase: str) -> float | None:
    """By how many seconds a start took longer than was said; None where nothing could have been said."""
    start = starts[place]
    before = basis(starts[place + 1 :], start.release).starts
    if not before or (phase and phase not in start.seconds):
        return None
    left_s = start.took(phase) + start.after(phase) if phase in PHASES else start.ready_s
    passed_s = start.ready_s - left_s if phase else 0.0
    return left_s - eta(before, Progress(passed_s, phase)).p50_s


def within(missed: Sequence[float]) -> Within | None:
    """The margin that holds for four of five, as a round figure, and how many it holds for."""
    if len(missed) < 2:
        return None
    sizes = sorted(abs(miss) for miss in missed)
    margin = _round_up(sizes[ceil(PART * len(sizes)) - 1])
    hits = sum(size <= margin for size in sizes)
    return Within(margin, hits, len(sizes), sum(miss > margin for miss in missed))


def _round_up(seconds: float) -> float:
    step = 1 if seconds <= 10 else 5 if seconds <= 120 else 30
    return float(max(1, ceil(seconds / step)) * step)

"""Medians of a release's starts, by phase, and the difference of two."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median, quantiles

from .start import Start, in_order


@dataclass(frozen=True, slots=True)
class Median:
    """Of `n` starts; half of them lay from `low_s` to `high_s`. `usd` is None where nothing was billed."""

    n: int
    seconds: float
    low_s: float
    high_s: float
    usd: Decimal | None


@dataclass(frozen=True, slots=True)
class Medians:
    """Of `n` starts. `phases` are over those starts that had the phase; `ready` is the median of the whole
    ways, which no sum of medians is."""

    n: int
    phases: Mapping[str, Median]
    ready: Median | None


@dataclass(frozen=True, slots=True)
class Beside:
    """One phase of two releases. The differences (second less first) are None where one side had none."""

    phase: str
    first: Median | None
    second: Median | None
    seconds: float | None
    usd: Decimal | None


def medians(starts: Sequence[Start]) -> Medians:
    """Of each phase that any of `starts` had."""
    names = in_order(name for start in starts for name in start.seconds)
    phases = {
        name: _median(
            [start.took(name) for start in starts if name in start.seconds],
            [start.usd[name] for start in starts if name in start.usd],
        )
        for name in names
    }
    if not starts:
        return Medians(0, {}, None)
    billed = [start.billed_usd for start in starts if start.usd]
    return Medians(len(starts), phases, _median([start.ready_s for start in starts], billed))


def side_by_side(first: Medians, second: Medians) -> list[Beside]:
    """Every phase that either has, in the order of a boot."""
    names = in_order((*first.phases, *second.phases))
    return [beside(name, first.phases.get(name), second.phases.get(name)) for name in names]


def beside(phase: str, first: Median | None, second: Median | None) -> Beside:
    """Two medians and what lies between them."""
    both = first is not None and second is not None
    priced = both and first.usd is not None and second.usd is not None  # type: ignore[union-attr]
    return Beside(
        phase=phase,
        first=first,
        second=second,
        seconds=second.seconds - first.seconds if first is not None and second is not None else None,
        usd=second.usd - first.usd if priced else None,  # type: ignore[union-attr,operator]
    )


def _median(seconds: Sequence[float], usd: Sequence[Decimal]) -> Median:
    low, high = spread(seconds)
    return Median(len(seconds), median(seconds), low, high, median(usd) if usd else None)


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Between which half of them lay: the quartiles; of fewer than four all of them."""
    if len(values) < 4:
        return min(values), max(values)
    low, _, high = quantiles(values, n=4, method="inclusive")
    return low, high

"""Figures of a chart as people read them. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor, log10

Format = Callable[[float], str]


def seconds(value: float) -> str:
    """840 ms, 1.4 s, 38 s, 4.6 min."""
    if value >= 120:
        return f"{_figures(value / 60)} min"
    return f"{_figures(value)} s" if value >= 1 else f"{_figures(value * 1000)} ms"


def count(value: float) -> str:
    """3, 0.4, 12,400, 245 k, 19.6 M."""
    if value >= 1e6:
        return f"{value / 1e6:.3g} M"
    return f"{value / 1e3:.0f} k" if value >= 1e5 else _figures(value)


def share(value: float) -> str:
    """64 %."""
    return f"{_figures(value * 100)} %"


def _figures(value: float) -> str:
    """Two figures below ten, whole numbers above."""
    if value >= 10:
        return f"{value:,.0f}"
    return f"{value:.2g}" if value >= 0.001 else "0"


def label(value: float, unit: str) -> str:
    """A round figure at the edge of a chart, as it is: 12.5 stays so."""
    if value and unit == "" and value < 1e5:
        return f"{value:,.4g}" if value < 1000 else f"{value:,.0f}"
    if unit == "$" and 0 < value < 10:
        return f"${value:.3f}".removesuffix("0")
    return FORMATS[unit](value) if value else "0"


def dollars(value: float) -> str:
    """$12, $0.34."""
    return f"${value:,.0f}" if value >= 10 else f"${value:.2f}"


FORMATS: dict[str, Format] = {"s": seconds, "": count, "%": share, "$": dollars}


@dataclass(frozen=True, slots=True)
class Scale:
    """How high a value stands, 0 to 1, and the values that are labelled, the highest first."""

    low: float
    high: float
    labels: tuple[float, ...]
    is_log: bool = False

    def share(self, value: float) -> float:
        """Where `value` stands between the edges."""
        if not self.is_log:
            return min(1.0, max(0.0, value / self.high))
        return min(1.0, max(0.0, log10(max(value, self.low) / self.low) / log10(self.high / self.low)))


def scale(least: float, most: float, unit: str) -> Scale:
    """Edges around what is shown. Durations stand in decades, so that a cold first request does not press all
    others to the floor; shares are of the whole; everything else counts from nothing to a round figure."""
    if unit == "s" and most > 0:
        low, high = floor(log10(max(least, 0.001)) + 1e-9), ceil(log10(max(most, 0.002)) - 1e-9)
        high = max(high, low + 1)
        return Scale(10.0**low, 10.0**high, tuple(10.0**at for at in range(high, low - 1, -1)), is_log=True)
    top = 1.0 if unit == "%" or most <= 0 else _round(most)
    if unit == "" and 0.5 < top < 4:
        top = 4.0
    return Scale(0.0, top, (top, top / 2, 0.0))


def _round(most: float) -> float:
    size = 10.0 ** (ceil(log10(most)) - 1)
    return next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= most * 0.9999)

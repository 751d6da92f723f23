"""Figures of a chart as people read them. Pure."""

from collections.abc import Callable
from math import ceil, log10

Format = Callable[[float], str]


def seconds(value: float) -> str:
    """840 ms, 1.4 s, 38 s, 4.6 min."""
    if value >= 120:
        return f"{_figures(value / 60)} min"
    return f"{_figures(value)} s" if value >= 1 else f"{_figures(value * 1000)} ms"


def count(value: float) -> str:
    """3, 0.4, 12,400."""
    return _figures(value)


def share(value: float) -> str:
    """64 %."""
    return f"{_figures(value * 100)} %"


def _figures(value: float) -> str:
    """Two figures below ten, whole numbers above."""
    if value >= 10:
        return f"{value:,.0f}"
    return f"{value:.2g}" if value >= 0.001 else "0"


FORMATS: dict[str, Format] = {"s": seconds, "": count, "%": share}


def nice(most: float, unit: str) -> float:
    """A round figure at or above `most`, for the upper edge of a chart; shares are always of the whole."""
    if unit == "%":
        return 1.0
    if most <= 0:
        return 1.0
    size = 10.0 ** (ceil(log10(most)) - 1)
    found = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= most * 0.9999)
    return max(found, 4.0) if unit == "" and most > 0.5 and found < 4 else found

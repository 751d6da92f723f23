"""A month's dollars by hours of use a day, as lines. Pure geometry; the template draws it."""

from dataclasses import dataclass
from decimal import Decimal

from deployments.services.compare import Compared

from .cost_chart import nice

WIDTH = 240
_DAY = Decimal(24)


@dataclass(frozen=True, slots=True)
class Lines:
    """Points and heights in a box of 240 x 100; empty texts where nothing is drawn."""

    top: Decimal
    by_second: str
    always_on_y: str
    dedicated_y: str
    even_x: str
    here_x: str
    here_y: str


def lines(found: Compared, use_hours: Decimal) -> Lines:
    """The lines, and the point where the reader's own hours lie."""
    most = max(found.always_on_usd, found.dedicated_usd or Decimal(0), Decimal(1))
    top = nice(most)
    even = found.break_even_hours
    return Lines(
        top=top,
        by_second=" ".join(f"{_x(one.use_hours)},{_y(one.month_usd, top)}" for one in found.points),
        always_on_y=_y(found.always_on_usd, top),
        dedicated_y="" if found.dedicated_usd is None else _y(found.dedicated_usd, top),
        even_x="" if even is None else _x(even),
        here_x=_x(use_hours),
        here_y=_y(found.month_usd, top),
    )


def _x(hours: Decimal) -> str:
    return f"{hours / _DAY * WIDTH:.2f}"


def _y(usd: Decimal, top: Decimal) -> str:
    return f"{100 - usd / top * 100:.2f}"

"""What formats need, as bars against what GPUs hold. Pure geometry; the templates draw it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from deployments.ledger.formats import GPU_GB, Format
from deployments.services.formats import Priced

from .memory_bar import parts_of

WIDTH = 1000
_GAP = 2.0
_LINES = (4, 8, 16)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a bar, in the bar's units."""

    css: str
    x: str
    width: str


@dataclass(frozen=True, slots=True)
class Option:
    """A row: what is offered, its bar over all its GPUs together, and the settings that bring it there."""

    priced: Priced
    pieces: tuple[Piece, ...]
    said: str
    kept_percent: Decimal | None
    saved: bool = False
    patch: str = ""


def pieces_of(one: Priced, widest_gib: float) -> tuple[tuple[Piece, ...], str]:
    """The bar of all GPUs of an option in the scale of the widest one, and the same in words."""
    fit = one.cell.fit
    if fit is None:
        return (), ""
    scale = one.cell.count * fit.device.memory_gib / widest_gib
    found = []
    for part in parts_of(fit):
        width = max(float(part.width) * scale - _GAP * (1 - scale), 1.0)
        found.append(Piece(part.css, f"{float(part.x) * scale:.1f}", f"{width:.1f}"))
    words = ", ".join(f"{part.label} {part.gib * one.cell.count:,.0f} GiB" for part in parts_of(fit))
    return tuple(found), words


def widest_gib(options: Sequence[Priced]) -> float:
    """All memory of the largest option."""
    return max((one.cell.count * one.cell.device.memory_gib for one in options), default=1.0)


@dataclass(frozen=True, slots=True)
class Published:
    """A format of the case study: its bar, and the price of its GPUs today."""

    format: Format
    usd_per_hour: Decimal | None
    way: str
    way_words: str
    width: str


@dataclass(frozen=True, slots=True)
class Capacity:
    """So many GPUs, as a line; `x` in per cent."""

    gpus: int
    gb: int
    at: str
    x: str


def capacities() -> list[Capacity]:
    """The lines that the bars are read against."""
    most = _LINES[-1] * GPU_GB
    return [
        Capacity(n, n * GPU_GB, f"{n * GPU_GB / most * WIDTH:.1f}", f"{n * GPU_GB / most * 100:.2f}%")
        for n in _LINES
    ]


def bar_width(one: Format) -> str:
    """In the scale of the last line."""
    return f"{one.memory_gb / (_LINES[-1] * GPU_GB) * WIDTH:.1f}"

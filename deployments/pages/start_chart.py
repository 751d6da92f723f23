"""The last cold starts as stacked bars, one for each, by phase. Pure geometry; the template draws it."""

from collections.abc import Sequence
from dataclasses import dataclass

from deployments.planning.starts.start import PHASES, Start
from deployments.services.anatomy import Trend
from deployments.services.runs import phase_label
from deployments.services.views import SlowView

from . import words

_STEP, _BAR, _INSET = 18, 12, 3
_GAP = 0.6  # between two parts of a bar, so that they are told apart without colour
_TOPS_S = (
    1,
    2,
    5,
    10,
    20,
    30,
    60,
    120,
    180,
    300,
    480,
    600,
    720,
    900,
    1200,
    1800,
    2700,
    3600,
    5400,
    7200,
    14400,
)
# Queued time is not billed: hatched, as everything that costs nothing or idles.
CSS = {
    "queued": "hatch",
    "container": "c-5",
    "download": "c-4",
    "weights": "c-1",
    "compile": "c-3",
    "warmup": "c-2",
    "server": "c-left",
}


@dataclass(frozen=True, slots=True)
class Key:
    """One colour of the legend."""

    label: str
    css: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a bar, in the chart's units."""

    css: str
    y: str
    height: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One start. `mark_x` is where its mark stands, in per cent; empty where nothing was slow."""

    run_id: int
    x: int
    title: str
    pieces: tuple[Piece, ...]
    mark_x: str


@dataclass(frozen=True, slots=True)
class Change:
    """A release's first start: `line_x` in the chart's units, `x` of its label in per cent.

    `release` and `brief` are the label, for a wide and a narrow window; empty where there is no room."""

    release: str
    brief: str
    line_x: str
    x: str
    end: bool


@dataclass(frozen=True, slots=True)
class StartChart:
    """All that the template draws. `top` and `middle` are labels of the scale."""

    width: int
    bar_width: int
    bars: tuple[Bar, ...]
    changes: tuple[Change, ...]
    keys: tuple[Key, ...]
    top: str
    middle: str
    said: str
    marked: bool


def start_chart(trend: Trend) -> StartChart | None:
    """Oldest at the left; None without a start."""
    starts = trend.starts
    if not starts:
        return None
    most = max(sum(start.took(name) for name in PHASES) for start in starts)
    top = next((top for top in _TOPS_S if top >= most), most)
    # A few bars do not fill the width: a bar is a start, not a wall.
    width = max(len(starts), 12) * _STEP
    bars = tuple(
        _bar(start, place, top, width, trend.slow.get(start.id, ())) for place, start in enumerate(starts)
    )
    names = [name for name in PHASES if any(name in start.seconds for start in starts)]
    return StartChart(
        width=width,
        bar_width=_BAR,
        bars=bars,
        changes=tuple(_changes(starts, width)),
        keys=tuple(Key(phase_label(name), CSS[name]) for name in names),
        top=words.stopwatch(top),
        middle=words.stopwatch(top / 2),
        said=f"The last {len(starts)} cold starts by phase, oldest first; the table has the same numbers",
        marked=any(bar.mark_x for bar in bars),
    )


def _bar(start: Start, place: int, top: float, width: int, slow: Sequence[SlowView]) -> Bar:
    pieces, above = [], 100.0
    for name in PHASES:
        height = start.took(name) / top * 100
        above -= height
        if height > 0:
            shown = height - _GAP if height > 1.5 else height
            pieces.append(Piece(CSS[name], f"{above:.2f}", f"{shown:.2f}"))
    x = place * _STEP + _INSET
    title = f"Run {start.number}, release {start.release}: ready after {words.duration(start.ready_s)}, "
    title += words.money(start.billed_usd) + "".join(f"; {one.words}" for one in slow)
    return Bar(start.id, x, title, tuple(pieces), f"{(x + _BAR / 2) / width * 100:.2f}" if slow else "")


def _changes(starts: Sequence[Start], width: int) -> list[Change]:
    """Where another release begins. Labels that would stand on each other are left out."""
    found: list[Change] = []
    free_from, before = 0.0, None
    for place, start in enumerate(starts):
        if start.release != before or place == 0:
            x = place * _STEP / width * 100
            shown = f"release {start.release}" if start.release is not None else "no release"
            label = shown if x >= free_from else ""
            brief = f"r{start.release}" if label and start.release is not None else ""
            free_from = x + 8 if label else free_from
            found.append(Change(label, brief, str(place * _STEP), f"{x:.2f}", end=x > 88))
        before = start.release
    return found

"""Charts of metrics: which there are, and their geometry in a box of 1000 x 100. The template draws them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deployments.metrics.levels import Grid
from deployments.metrics.series import LitSpan

from .metric_units import FORMATS, Scale, scale
from .metric_units import label as edge

WIDTH, HEIGHT = 1000.0, 100.0
# A line goes on over so many steps without a value; over more it would tell what was not measured.
_BRIDGE = 4
_LINE_CSS = ("l1", "l2", "l3")
Values = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Kind:
    """A chart: `parts` are label and name of a series; `bars` are stacked, lines lie over each other. `note`
    is said below it. `first` figures of the whole time stand in its head."""

    key: str
    title: str
    unit: str
    parts: tuple[tuple[str, str], ...]
    note: str
    bars: tuple[str, ...] = ()
    first: int = 2


def _percentiles(key: str, title: str, note: str) -> Kind:
    names = (("median", "p50"), ("p95", "p95"), ("p99", "p99"))
    return Kind(key, title, "s", tuple((label, f"{key}_{share}_s") for label, share in names), note)


_SPEED = (
    _percentiles("ttft", "Time to first token", "Of streams, from asking the engine."),
    _percentiles("inter_token", "Time between tokens", "The mean of each stream."),
    _percentiles("end_to_end", "Whole request", "From arrival to the last byte, waiting included."),
)
_LOAD = (
    Kind(
        "tokens", "Tokens a second", "",
        (("out", "generation_tokens_per_s"), ("prompt", "prompt_tokens_per_s")),
        "While it worked, as its log tells; 0 where it was idle.",
    ),
    Kind(
        "requests", "Requests at once", "",
        (("running", "requests_running"), ("waiting", "requests_waiting")),
        "In the engine. Those that wait have no place in its batch yet.",
    ),
    Kind(
        "kv", "Cache in use", "%", (("mean", "kv_cache_use_share"), ("peak", "kv_cache_use_share_max")),
        "Near 100 % requests begin to wait and to be preempted.",
    ),
    Kind(
        "prefix", "Prompt found in cache", "%", (("", "prefix_hit_share"),),
        "Share of prompt tokens that were not read again.", first=1,
    ),
    Kind(
        "draft", "Draft tokens accepted", "%", (("", "draft_acceptance_share"),),
        "Speculative decoding; nothing where it is not used.", first=1,
    ),
    Kind(
        "preemptions", "Preemptions", "", (("", "preemptions_count"),),
        "Requests put back because the cache was full.", bars=("c-doubt",), first=1,
    ),
)  # fmt: skip
_OUTCOME = (
    Kind(
        "answered", "Requests answered", "", (("", "requests_answered_count"),),
        "Counted where they came, once they have ended.", bars=("c-1",), first=1,
    ),
    Kind(
        "errors", "Requests not answered", "",
        (
            ("failed at the engine", "requests_engine_errors_count"),
            ("wrong requests (4xx)", "requests_client_errors_count"),
            ("refused by the panel", "requests_refused_count"),
            ("left by the client", "requests_left_count"),
            ("cut by a restart of the panel", "requests_cut_count"),
        ),
        "Only failures at the engine make a server degraded.",
        bars=("c-fault", "c-4", "c-2", "c-3", "c-5"),
    ),
    _percentiles("held", "Held for a cold start", "The wait before the engine was asked."),
    Kind(
        "made", "Tokens read and made", "",
        (("made", "completion_tokens_count"), ("prompt", "prompt_tokens_count")),
        "As the engine counted them, cached ones included.", bars=("c-1", "c-3"),
    ),
    Kind(
        "dollars", "Dollars", "$", (("", "cost_usd"),),
        "Counted by the panel while it was lit: boot, use and idle.", bars=("c-2",), first=1,
    ),
    Kind(
        "tokens_per_usd", "Tokens made per dollar", "", (("", "completion_tokens_per_usd"),),
        "Boot and idle time are paid for, too.", first=1,
    ),
)  # fmt: skip
GROUPS: tuple[tuple[str, tuple[Kind, ...]], ...] = (
    ("How fast it answers", _SPEED), ("How hard it works", _LOAD), ("What comes of it", _OUTCOME),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shape:
    """One line, or the bars of one colour."""

    label: str
    css: str
    path: str
    is_bar: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """All that the template draws. `data` is what the script reads: labels and values."""

    key: str
    title: str
    note: str
    unit: str
    shapes: tuple[Shape, ...]
    big: str
    small: str
    labels: tuple[str, ...]
    rules: str
    said: str
    data: str

    @property
    def is_empty(self) -> bool:
        """True where nothing was measured."""
        return not self.big


def chart(
    kind: Kind,
    told: Mapping[str, Values],
    whole: Mapping[str, float | None],
    asleep: frozenset[int] = frozenset(),
) -> Chart:
    """One chart of the series `told`, headed by its figures over the whole time; see `line` for `asleep`."""
    values = [told[name] for _, name in kind.parts]
    least, most = _edges(values, stacked=bool(kind.bars))
    scaled = scale(least, most, kind.unit)
    shapes = _bars(kind, values, scaled) if kind.bars else _lines(kind, values, scaled, asleep)
    big, small = _head(kind, whole)
    return Chart(
        key=kind.key, title=kind.title, note=kind.note, unit=kind.unit, shapes=shapes, big=big, small=small,
        labels=tuple(edge(value, kind.unit) for value in scaled.labels), rules=_rules(scaled),
        said=f"{kind.title}: {f'{big} {small}'.strip() or 'nothing measured'}; the table has the values",
        data=_data(kind, values),
    )  # fmt: skip


def _edges(values: Sequence[Values], *, stacked: bool) -> tuple[float, float]:
    if stacked:
        sums = [sum(one or 0.0 for one in column) for column in zip(*values, strict=True)]
        return 0.0, max(sums, default=0.0)
    known = [one for row in values for one in row if one is not None]
    return min(known, default=0.0), max(known, default=0.0)


def _rules(scaled: Scale) -> str:
    heights = (HEIGHT * (1 - place / (len(scaled.labels) - 1)) for place in range(len(scaled.labels)))
    return "".join(f"M0 {height:.1f}H1000" for height in heights)


def _head(kind: Kind, whole: Mapping[str, float | None]) -> tuple[str, str]:
    """The first figure, and the others with their labels; empty where nothing was measured."""
    show = FORMATS[kind.unit]
    figures = [(label, whole[name]) for label, name in kind.parts]
    if kind.key == "errors":
        known = [value for _, value in figures if value is not None]
        return (show(sum(known)), f"in all, {show(figures[0][1] or 0)} at the engine") if known else ("", "")
    if figures[0][1] is None:
        return "", ""
    rest = [f"{show(value)} {label}" for label, value in figures[1 : kind.first] if value is not None]
    return show(figures[0][1]), ", ".join([figures[0][0], *rest]).strip(", ")


def _lines(kind: Kind, values: Sequence[Values], scaled: Scale, asleep: frozenset[int]) -> tuple[Shape, ...]:
    found: list[Shape] = []
    for (said, _), css, row in zip(kind.parts, _LINE_CSS, values, strict=False):
        path, dots = line(row, scaled, asleep)
        found += [Shape(said, css, path, False), Shape("", f"{css} dots", dots, False)]
    return tuple(found)


def line(values: Values, scaled: Scale, asleep: frozenset[int] = frozenset()) -> tuple[str, str]:
    """A path through what was measured, and one of what stands alone. It breaks at `asleep`, the places of
    steps in which nothing was lit."""
    wide, strokes, last = WIDTH / max(1, len(values)), list[list[str]](), -_BRIDGE - 2
    for place, value in enumerate(values):
        if value is None:
            continue
        if place - last > 1 and (place - last > _BRIDGE or not asleep.isdisjoint(range(last + 1, place))):
            strokes.append([])
        strokes[-1].append(f"{(place + 0.5) * wide:.1f} {HEIGHT * (1 - scaled.share(value)):.1f}")
        last = place
    path = "".join(f"M{'L'.join(stroke)}" for stroke in strokes if len(stroke) > 1)
    return path, "".join(f"M{stroke[0]}h.01" for stroke in strokes if len(stroke) == 1)


def _bars(kind: Kind, values: Sequence[Values], scaled: Scale) -> tuple[Shape, ...]:
    wide = WIDTH / max(1, len(values[0]))
    bar = wide * 0.86
    paths: list[list[str]] = [[] for _ in values]
    for place, column in enumerate(zip(*values, strict=True)):
        above = HEIGHT
        for path, value in zip(paths, column, strict=True):
            high = scaled.share(value or 0.0) * HEIGHT
            if high:
                above -= high
                path.append(f"M{place * wide:.1f} {above:.1f}h{bar:.2f}v{high:.1f}h{-bar:.2f}z")
    named = zip(kind.parts, kind.bars, paths, strict=True)
    return tuple(Shape(label, css, "".join(path), True) for (label, _), css, path in named)


def _data(kind: Kind, values: Sequence[Values]) -> str:
    """JSON: label and values of each part. Written by hand, as there are thousands of numbers."""
    rows = (
        f"[{json.dumps(label)},[{','.join('null' if one is None else f'{one:.3g}' for one in row)}]]"
        for (label, _), row in zip(kind.parts, values, strict=True)
    )
    return f"[{','.join(rows)}]"


def bands(spans: Sequence[LitSpan], grid: Grid) -> str:
    """One path for all time that something was lit."""
    parts, right = [], -1.0
    for span in spans:
        begin, end = x_of(span.since.timestamp(), grid), x_of(span.until.timestamp(), grid)
        begin = max(begin, right)  # what overlaps would be twice as dark
        if end > begin:
            parts.append(f"M{begin:.1f} 0H{end:.1f}V100H{begin:.1f}z")
            right = end
    return "".join(parts)


def x_of(second: float, grid: Grid) -> float:
    """Where an instant lies, within the box."""
    return min(WIDTH, max(0.0, (second - grid.start) / (grid.end - grid.start) * WIDTH))

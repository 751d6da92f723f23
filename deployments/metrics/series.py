"""From buckets to the figures of a chart: one value for each step of a grid, None where there is none."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from . import histogram
from .levels import Grid

SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_DURATIONS = {"ttft": "ttft", "inter_token": "token", "end_to_end": "whole", "held": "held"}


@dataclass(frozen=True, slots=True)
class LitSpan:
    """A run as a chart shows it, in the time up to now. `usd_per_s` is None where no price is known."""

    run_id: int
    number: int
    release: int | None
    lit_for: str
    since: datetime
    ready_at: datetime | None
    until: datetime
    is_lit: bool
    usd_per_s: float | None


@dataclass(slots=True)
class Point:
    """What was measured in one step. `lit_s` is how long a server was lit in it, `ready_s` how long one
    answered, `usd` what that cost (None where a price is missing)."""

    numbers: dict[str, float] = field(default_factory=dict)
    histograms: dict[str, histogram.Histogram] = field(default_factory=dict)
    lit_s: float = 0.0
    ready_s: float = 0.0
    usd: float | None = 0.0


Figure = Callable[[Point, bool], float | None]


def points(
    grid: Grid,
    numbers: Mapping[int, Mapping[str, float]],
    counted: Iterable[tuple[int, Mapping[str, Sequence[int]]]],
    spans: Iterable[LitSpan],
) -> list[Point]:
    """One point for each step.

    `numbers` are summed by the step’s place in time (its start divided by its length), `counted` are the
    histograms, as stored, of any moment in it.
    """
    first = grid.start // grid.step_s
    found = [Point(dict(numbers.get(first + place, {}))) for place in range(grid.count)]
    for start, histograms in counted:
        into = found[start // grid.step_s - first].histograms
        for name, stored in histograms.items():
            if name in into:
                histogram.add_flat(into[name], stored)
            else:
                into[name] = histogram.unflat(stored)
    for span in spans:
        _light(found, grid, span)
    return found


def _light(into: Sequence[Point], grid: Grid, span: LitSpan) -> None:
    begin, end = span.since.timestamp(), span.until.timestamp()
    ready = span.ready_at.timestamp() if span.ready_at is not None else end
    first = max(0, int(begin - grid.start) // grid.step_s)
    for place in range(first, min(grid.count, int(end - grid.start) // grid.step_s + 1)):
        left = grid.start + place * grid.step_s
        lit_s = min(end, left + grid.step_s) - max(begin, left)
        if lit_s <= 0:
            continue
        point = into[place]
        point.lit_s += lit_s
        point.ready_s += max(0.0, min(end, left + grid.step_s) - max(ready, left))
        known = span.usd_per_s is not None and point.usd is not None
        point.usd = (point.usd or 0.0) + lit_s * (span.usd_per_s or 0.0) if known else None


def merged(found: Sequence[Point], each: int) -> list[Point]:
    """Every `each` points in one, for a table of fewer rows."""
    return [_together(found[place : place + each]) for place in range(0, len(found), each)]


def _together(found: Sequence[Point]) -> Point:
    whole = Point()
    for one in found:
        for name, number in one.numbers.items():
            mine = whole.numbers.get(name, 0)
            whole.numbers[name] = max(mine, number) if name.endswith("_max") else mine + number
        for name, counted in one.histograms.items():
            if name in whole.histograms:
                histogram.add(whole.histograms[name], counted)
            else:
                whole.histograms[name] = counted.copy()
        whole.lit_s += one.lit_s
        whole.ready_s += one.ready_s
        whole.usd = None if whole.usd is None or one.usd is None else whole.usd + one.usd
    return whole


def _mean(total: str, count: str, *, idle: float | None = None) -> Figure:
    """`idle` is the value while it answered and wrote no line: the engine is silent when nobody asks."""

    def figure(point: Point, speaks: bool) -> float | None:
        lines = point.numbers.get(count, 0)
        if lines:
            return point.numbers.get(total, 0.0) / lines
        return idle if speaks and point.ready_s else None

    return figure


def _peak(name: str, *, idle: float | None = None) -> Figure:
    def figure(point: Point, speaks: bool) -> float | None:
        if point.numbers.get("samples", 0):
            return point.numbers.get(name, 0.0)
        return idle if speaks and point.ready_s else None

    return figure


def _count(name: str) -> Figure:
    """Nothing while it was lit is 0; nothing while it was not is no value."""

    def figure(point: Point, speaks: bool) -> float | None:
        number = point.numbers.get(name, 0)
        return number if number or point.lit_s else None

    return figure


def _per_usd(point: Point, speaks: bool) -> float | None:
    return point.numbers.get("completion_tokens", 0) / point.usd if point.usd else None


def _usd(point: Point, speaks: bool) -> float | None:
    return point.usd if point.lit_s else None


FIGURES: dict[str, Figure] = {
    "requests_running": _mean("running_sum", "samples", idle=0.0),
    "requests_running_max": _peak("running_max", idle=0.0),
    "requests_waiting": _mean("waiting_sum", "samples", idle=0.0),
    "requests_waiting_max": _peak("waiting_max", idle=0.0),
    "prompt_tokens_per_s": _mean("prompt_rate_sum", "samples", idle=0.0),
    "generation_tokens_per_s": _mean("generation_rate_sum", "samples", idle=0.0),
    "generation_tokens_per_s_max": _peak("generation_rate_max", idle=0.0),
    "kv_cache_use_share": _mean("kv_sum", "samples"),
    "kv_cache_use_share_max": _peak("kv_max"),
    "prefix_hit_share": _mean("prefix_sum", "samples"),
    "draft_acceptance_share": _mean("acceptance_sum", "drafts"),
    "acceptance_length_tokens": _mean("length_sum", "lengths"),
    "preemptions_count": _count("preemptions"),
    "requests_answered_count": _count("answered"),
    "requests_engine_errors_count": _count("engine_errors"),
    "requests_client_errors_count": _count("client_errors"),
    "requests_refused_count": _count("refused"),
    "requests_left_count": _count("left"),
    "requests_cut_count": _count("cut"),
    "prompt_tokens_count": _count("prompt_tokens"),
    "cached_tokens_count": _count("cached_tokens"),
    "completion_tokens_count": _count("completion_tokens"),
    "cost_usd": _usd,
    "completion_tokens_per_usd": _per_usd,
}
DURATIONS = tuple(f"{name}_{share}_s" for name in _DURATIONS for share in SHARES)
NAMES = (*DURATIONS, *FIGURES)


def series(found: Sequence[Point]) -> dict[str, list[float | None]]:
    """Every figure by name (units are in the names; a share is 0 to 1), as long as `found`."""
    speaks = any(point.numbers.get("samples") for point in found)
    told = {name: [figure(point, speaks) for point in found] for name, figure in FIGURES.items()}
    return {**_durations(found), **told}


def _durations(found: Sequence[Point]) -> dict[str, list[float | None]]:
    told: dict[str, list[float | None]] = {}
    for name, stored in _DURATIONS.items():
        rows = [histogram.percentiles(point.histograms.get(stored, {}), SHARES.values()) for point in found]
        for place, share in enumerate(SHARES):
            told[f"{name}_{share}_s"] = [row[place] for row in rows]
    return told


def whole(found: Sequence[Point]) -> dict[str, float | None]:
    """Every figure over all of it, by name."""
    return {name: values[0] for name, values in series([_together(found)]).items()}

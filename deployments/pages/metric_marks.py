"""What stands around the charts: ticks of time, the strip of runs, marks of releases, the table. What a page
has many of is written here and not by the template, which takes ten times as long."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from deployments.metrics import series
from deployments.metrics.levels import Grid
from deployments.metrics.series import LitSpan, Point

from . import words
from .metric_charts import x_of
from .metric_units import FORMATS

_HOUR = 3600
_INTERVALS_S = (60, 300, 600, 900, 1800, _HOUR, 7200, 10_800, 21_600, 43_200)
_INTERVALS_DAYS = (1, 2, 7, 14, 30, 90)
_MOST_TICKS, _MOST_ROWS, _MOST_LABELS = 7, 48, 12
MOST_BANDS = 100
# Columns of the table: heading, series, unit.
COLUMNS = (
    ("Answered", "requests_answered_count", ""),
    ("Failed", "requests_engine_errors_count", ""),
    ("First token, median", "ttft_p50_s", "s"),
    ("p95", "ttft_p95_s", "s"),
    ("p99", "ttft_p99_s", "s"),
    ("Between tokens, median", "inter_token_p50_s", "s"),
    ("Whole, median", "end_to_end_p50_s", "s"),
    ("Whole, p95", "end_to_end_p95_s", "s"),
    ("Held, median", "held_p50_s", "s"),
    ("Tokens/s out", "generation_tokens_per_s", ""),
    ("Tokens/s prompt", "prompt_tokens_per_s", ""),
    ("Running", "requests_running", ""),
    ("Waiting", "requests_waiting", ""),
    ("Cache in use", "kv_cache_use_share", "%"),
    ("Found in cache", "prefix_hit_share", "%"),
    ("Drafts accepted", "draft_acceptance_share", "%"),
    ("Preemptions", "preemptions_count", ""),
    ("Tokens per $", "completion_tokens_per_usd", ""),
)


@dataclass(frozen=True, slots=True)
class Tick:
    """A label under a chart, at `x` per cent; `minor` ones are left out where it is narrow."""

    x: str
    text: str
    is_minor: bool


@dataclass(frozen=True, slots=True)
class Band:
    """A run on the strip, in per cent. `boot_width` is the part in which it was not ready yet."""

    run_id: int
    x: str
    width: str
    boot_width: str
    is_lit: bool
    title: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Where another release begins to answer, in per cent; `x1000` in the units of the charts."""

    x: str
    x1000: str
    release: int
    is_labelled: bool
    is_late: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table."""

    at: datetime
    said: str
    cells: SafeString


def ticks(grid: Grid) -> tuple[Tick, ...]:
    """Round times of the reader's zone."""
    span = grid.end - grid.start
    seconds = next((one for one in _INTERVALS_S if span / one <= _MOST_TICKS), None)
    days = next((one for one in _INTERVALS_DAYS if span / one / 86_400 <= _MOST_TICKS), _INTERVALS_DAYS[-1])
    at = timezone.localtime(datetime.fromtimestamp(grid.start, UTC)).replace(hour=0, minute=0, second=0)
    found: list[Tick] = []
    while at.timestamp() < grid.end:
        x = x_of(at.timestamp(), grid) / 10
        if at.timestamp() >= grid.start and 2 <= x <= 97:
            text = f"{at:%H:%M}" if seconds and (at.hour or at.minute) else f"{at.day} {at:%b}"
            found.append(Tick(f"{x:.2f}", text, is_minor=len(found) % 2 == 1))
        at = _on(at, seconds, days)
    return tuple(found)


def axis(grid: Grid) -> SafeString:
    """The ticks as texts of the axis below a chart."""
    rows = [(" minor" if tick.is_minor else "", tick.x, tick.text) for tick in ticks(grid)]
    text = '<text class="tick{}" x="{}%" y="1em" text-anchor="middle">{}</text>'
    return format_html_join("", text, rows)


def _on(at: datetime, seconds: int | None, days: int) -> datetime:
    """The next tick: so many seconds later, or so many days by the calendar."""
    if seconds is not None:
        return timezone.localtime(at.astimezone(UTC) + timedelta(seconds=seconds))
    return timezone.make_aware((at + timedelta(days=days)).replace(tzinfo=None))


def strip(spans: Sequence[LitSpan], grid: Grid) -> tuple[Band, ...]:
    """The runs, as bands that lead to their pages; none where they are too many to be told apart."""
    return tuple(_band(span, grid) for span in spans) if len(spans) <= MOST_BANDS else ()


def _band(span: LitSpan, grid: Grid) -> Band:
    left, right = x_of(span.since.timestamp(), grid) / 10, x_of(span.until.timestamp(), grid) / 10
    ready = x_of((span.ready_at or span.until).timestamp(), grid) / 10
    width = max(right - left, 0.15)
    lasted = words.duration((span.until - span.since).total_seconds())
    release = f", release {span.release}" if span.release else ""
    whom = f", for {span.lit_for}" if span.lit_for else ""
    so_far = " so far" if span.is_lit else ""
    return Band(
        run_id=span.run_id,
        x=f"{left:.2f}",
        width=f"{width:.2f}",
        boot_width=f"{min(width, max(0.0, ready - left)):.2f}",
        is_lit=span.is_lit,
        title=f"Run {span.number}{release}{whom}: lit {lasted}{so_far}",
    )


def release_marks(spans: Sequence[LitSpan], grid: Grid) -> tuple[Mark, ...]:
    """Where a run’s release is another than that of the run before it in this time."""
    found: list[Mark] = []
    before: int | None = None
    labelled = -100.0
    for span in spans:
        if span.release is not None and span.release != before:
            x = x_of(span.since.timestamp(), grid) / 10
            room = x - labelled >= 100 / _MOST_LABELS
            labelled = x if room else labelled
            found.append(Mark(f"{x:.2f}", f"{x * 10:.1f}", span.release, room, x > 94))
        before = span.release or before
    return tuple(found)


def rows_of(found: Sequence[Point]) -> tuple[list[Point], int]:
    """The points of the table’s rows, and how many points each was made of."""
    each = max(1, -(-len(found) // _MOST_ROWS))
    return series.merged(found, each), each


def table(fewer: Sequence[Point], each: int, grid: Grid) -> tuple[list[Row], int]:
    """Rows in which something was lit or asked, and the seconds of each."""
    told = series.series(fewer)
    length_s = grid.step_s * each
    rows = [_row(place, point, told, grid.start + place * length_s) for place, point in enumerate(fewer)]
    return [row for row in rows if row is not None], length_s


def _row(place: int, point: Point, told: Mapping[str, Sequence[float | None]], start: int) -> Row | None:
    if not point.lit_s and not point.numbers:
        return None
    at = datetime.fromtimestamp(start, UTC)
    local = timezone.localtime(at)
    cells = (_cell(told[name][place], unit) for _, name, unit in COLUMNS)
    html = "".join(f'<td class="num">{cell}</td>' for cell in cells)
    return Row(at, f"{local.day} {local:%b %H:%M}", mark_safe(html))  # noqa: S308  # numbers and units


def _cell(value: float | None, unit: str) -> str:
    return "–" if value is None else FORMATS[unit](value)

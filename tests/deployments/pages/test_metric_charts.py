"""Geometry of the charts: gaps, edges, marks."""

from datetime import UTC, datetime, timedelta

import pytest

from deployments.metrics.levels import MOST_POINTS, PAGE_POINTS, grid, is_kept, step_for
from deployments.metrics.series import LitSpan, Point, series, whole
from deployments.pages import metric_charts, metric_marks, metric_units
from deployments.pages.metric_units import Scale, scale

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TEN = Scale(0, 10, (10, 5, 0))


def span(since_min: float, until_min: float, *, release: int = 1, number: int = 1) -> LitSpan:
    since = NOON + timedelta(minutes=since_min)
    return LitSpan(
        number, number, release, "Anna", since, since + timedelta(minutes=1),
        NOON + timedelta(minutes=until_min), is_lit=False, usd_per_s=0.01,
    )  # fmt: skip


def test_a_line_breaks_where_nothing_was_measured_for_long() -> None:
    none = [None] * 5
    path, dots = metric_charts.line([0, 10, None, 5, *none, 5, *none, 5, 5], TEN)
    assert path.count("M") == 2
    assert path.startswith("M29.4 100.0L88.2 0.0L205.9 50.0")
    assert dots.count("M") == 1


def test_a_line_breaks_where_it_was_asleep_for_one_step() -> None:
    assert metric_charts.line([1, 2, None, 3, 4], TEN, frozenset({2}))[0].count("M") == 2
    assert metric_charts.line([1, 2, None, 3, 4], TEN)[0].count("M") == 1


def test_bands_do_not_overlap_and_stay_in_the_box() -> None:
    shown = grid(NOON, NOON + HOUR, 60)
    runs = [span(-10, 6), span(5, 12), span(30, 90)]
    drawn = "M0.0 0H100.0V100H0.0zM100.0 0H200.0V100H100.0zM500.0 0H1000.0V100H500.0z"
    assert metric_charts.bands(runs, shown) == drawn


def test_a_release_is_marked_where_it_begins_to_answer() -> None:
    shown = grid(NOON, NOON + HOUR, 60)
    runs = [span(0, 5), span(6, 9), span(30, 40, release=2), span(31, 41, release=3)]
    marks = metric_marks.release_marks(runs, shown)
    assert [(mark.release, mark.x, mark.is_labelled) for mark in marks] == [
        (1, "0.00", True), (2, "50.00", True), (3, "51.67", False),
    ]  # fmt: skip


def test_ticks_are_round_times() -> None:
    def said(length: timedelta) -> list[str]:
        return [tick.text for tick in metric_marks.ticks(grid(NOON, NOON + length, 60))]

    assert said(HOUR) == ["12:10", "12:20", "12:30", "12:40", "12:50"]
    assert said(timedelta(days=1)) == ["16:00", "20:00", "27 Nov", "04:00", "08:00"] or said(
        timedelta(days=1)
    ) == ["18:00", "27 Nov", "06:00"]
    assert said(timedelta(days=7)) == ["27 Nov", "28 Nov", "29 Nov", "30 Nov", "1 Dec", "2 Dec", "3 Dec"]


@pytest.mark.parametrize(
    ("least", "most", "unit", "labels"),
    [
        (0.3, 34, "s", ["100 s", "10 s", "1 s", "100 ms"]),
        (0.02, 0.09, "s", ["100 ms", "10 ms"]),
        (1, 1, "s", ["10 s", "1 s"]),
        (0, 23, "", ["25", "12.5", "0"]),
        (0, 2, "", ["4", "2", "0"]),
        (0, 3, "", ["5", "2.5", "0"]),
        (0, 1_900_000, "", ["2 M", "1 M", "0"]),
        (0, 0.4, "%", ["100 %", "50 %", "0"]),
        (0, 3.02, "$", ["$5.00", "$2.50", "0"]),
        (0, 0.21, "$", ["$0.25", "$0.125", "0"]),
        (0, 0, "", ["4", "2", "0"]),
    ],
)
def test_edges_are_round(least: float, most: float, unit: str, labels: list[str]) -> None:
    made = scale(least, most, unit)
    assert [metric_units.label(value, unit) for value in made.labels] == labels
    assert 0 <= made.share(least) <= made.share(most) <= 1


def test_figures_are_short() -> None:
    assert [metric_units.seconds(value) for value in (0.034, 0.84, 1.42, 38.4, 275)] == [
        "34 ms", "840 ms", "1.4 s", "38 s", "4.6 min",
    ]  # fmt: skip
    assert [metric_units.count(value) for value in (0, 0.31, 12_400, 244_861, 19_585_983)] == [
        "0", "0.31", "12,400", "245 k", "19.6 M",
    ]  # fmt: skip


def test_nothing_measured_is_said_and_no_zero() -> None:
    shown = grid(NOON, NOON + HOUR, 60)
    nothing = [Point() for _ in range(shown.count)]
    for _, kinds in metric_charts.GROUPS:
        for kind in kinds:
            made = metric_charts.chart(kind, series(nothing), whole(nothing))
            assert made.is_empty
            assert not any(shape.path for shape in made.shapes)
            assert "nothing measured" in made.said


@pytest.mark.parametrize("days", [1 / 24, 0.25, 1, 7, 30, 90, 390, 1300])
@pytest.mark.parametrize("ago", [0, 3, 20])
def test_every_range_has_steps_that_are_kept_and_few(days: float, ago: int) -> None:
    until = NOON - timedelta(days=ago)
    since = until - timedelta(days=days)
    step_s = step_for(since, until, NOON)
    made = grid(since, until, step_s)
    assert made.count <= min(PAGE_POINTS, MOST_POINTS) + 1
    assert is_kept(step_s, since, NOON)
    assert step_s % made.level_s == 0
    assert made.start <= since.timestamp()
    assert made.end >= until.timestamp()

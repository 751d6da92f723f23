"""What past starts say: medians, estimates, and what was slow."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployments.planning.starts.backtest import backtest, within
from deployments.planning.starts.eta import Progress, eta
from deployments.planning.starts.medians import medians, side_by_side
from deployments.planning.starts.regressions import is_slow, slow_phases
from deployments.planning.starts.start import PHASES, Start, basis

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
USUAL = {"queued": 6.0, "container": 54.0, "weights": 71.0, "warmup": 126.0, "server": 14.0}


def start(number: int, release: int = 1, usd: dict[str, Decimal] | None = None, **seconds: float) -> Start:
    took = USUAL | seconds
    at = AT + timedelta(hours=number)
    return Start(number, number, release, at, sum(took.values()), took, usd or {})


def starts(count: int, release: int = 1, **seconds: float) -> list[Start]:
    """Newest first, each a little different."""
    return [
        start(n, release, weights=seconds.get("weights", 71.0) + n % 5, warmup=126.0 + n % 3)
        for n in range(count, 0, -1)
    ]


@pytest.mark.parametrize(
    ("own", "others", "took"),
    [(5, 30, (5, True)), (4, 30, (20, False)), (40, 0, (20, True)), (2, 2, (0, False)), (0, 5, (5, False))],
)
def test_compared_with_its_release_from_five_starts_on(own: int, others: int, took: Any) -> None:
    found = basis([*starts(own, 2), *starts(others, 1)], 2)
    assert (len(found.starts), found.of_release) == took


# --- slow phases ------------------------------------------------------------------------------------------


def test_weights_without_prefetch_are_slow_and_say_by_how_much() -> None:
    (slow,) = slow_phases(start(99, weights=433.0), starts(20))
    assert (slow.phase, slow.starts, slow.of_release) == ("weights", 20, True)
    assert round(slow.seconds / slow.usual_s, 1) == 5.9  # 433 s, and a median of 73 s
    assert slow.low_s <= slow.usual_s <= slow.high_s


def test_nothing_is_slow_against_too_few_starts_or_by_a_few_seconds() -> None:
    assert slow_phases(start(99, weights=4330.0), starts(4)) == []
    assert slow_phases(start(99, server=28.0), starts(20)) == []  # twice as long, but 14 s
    assert slow_phases(start(99, warmup=170.0), starts(20)) == []  # 44 s, but a third more
    assert slow_phases(start(99, weights=433.0 / 20), starts(20), speed=20) == []


def test_phase_that_is_usually_skipped_is_slow_and_the_costliest_comes_first() -> None:
    found = slow_phases(start(99, download=1200.0, weights=300.0), starts(12))
    assert [(slow.phase, slow.usual_s) for slow in found] == [("download", 0.0), ("weights", 73.0)]


def test_wide_spread_and_one_that_was_as_slow_are_no_surprise() -> None:
    assert not is_slow(300, [50, 120, 200, 90, 260, 150, 70, 230, 100, 180])
    assert not is_slow(400, [70, 71, 72, 70, 450])  # among five, one took longer
    assert is_slow(400, [70, 71, 72, 70, 450, 71, 70, 73, 70, 71])


@settings(max_examples=30)
@given(st.lists(st.floats(1, 2000), min_size=5, max_size=20), st.floats(0, 5000))
def test_usual_start_is_never_slow_and_longer_is_never_less_slow(past: list[float], more: float) -> None:
    middle = sorted(past)[len(past) // 2]
    assert not is_slow(middle, past)
    worst = max(past) * 1.5 + 15
    assert not is_slow(worst, past) or is_slow(worst + more, past)


# --- the estimate -----------------------------------------------------------------------------------------

_SECONDS = st.dictionaries(st.sampled_from(PHASES), st.floats(0, 900), min_size=1)
_PAST = st.lists(_SECONDS, min_size=1, max_size=6).map(
    lambda rows: [Start(n, n, 1, AT, sum(row.values()), row) for n, row in enumerate(rows)]
)


def test_estimate_follows_the_phases_and_not_the_clock_alone() -> None:
    past = [start(n) for n in range(10)]
    assert eta(past, Progress()).p50_s == 271  # 6 + 54 + 71 + 126 + 14
    slow_weights = Progress(passed_s=160, phase="weights", in_phase_s=100)
    assert eta(past, slow_weights).p50_s == 140  # the clock alone would say 271 - 160 = 111
    quick = Progress(passed_s=40, phase="warmup", in_phase_s=0)
    assert eta(past, quick).p50_s == 140
    assert not eta(past, quick).late
    assert eta(past, Progress(passed_s=272, phase="warmup", in_phase_s=150)).late


def test_log_that_tells_a_slow_phase_raises_it() -> None:
    past = [start(n) for n in range(10)]
    half = eta(past, Progress(passed_s=300, phase="weights", in_phase_s=240, share=0.5))
    assert half.p50_s == 240 + 140  # as much again, and what comes after
    first_steps = eta(past, Progress(passed_s=80, phase="weights", in_phase_s=20, share=0.05))
    assert first_steps.p50_s < 71 + 140  # one step in twenty does not make it twenty times as long


@settings(max_examples=30)
@given(_PAST, st.sampled_from(PHASES), st.floats(0, 2000), st.floats(0, 500))
def test_time_that_passes_never_raises_it(past: list[Start], phase: str, gone: float, more: float) -> None:
    before = eta(past, Progress(gone, phase, gone))
    after = eta(past, Progress(gone + more, phase, gone + more))
    assert after.p50_s <= before.p50_s + 1e-6
    assert after.p90_s <= before.p90_s + 1e-6
    assert 0 <= after.p50_s <= after.p90_s + 1e-6


@settings(max_examples=30)
@given(_PAST, st.integers(0, 5), st.integers(1, 6), st.floats(0, 2000), st.floats(0, 1))
def test_phase_that_ends_never_raises_it(
    past: list[Start], place: int, on: int, gone: float, share: float
) -> None:
    before = eta(past, Progress(gone, PHASES[place], gone, share))
    after = eta(past, Progress(gone, PHASES[min(place + on, len(PHASES) - 1)], 0))
    assert after.p50_s <= before.p50_s + 1e-6


@settings(max_examples=30)
@given(_PAST, st.sampled_from(PHASES), st.floats(0, 2000), st.floats(0, 1))
def test_progress_never_adds_more_than_the_log_says(
    past: list[Start], phase: str, gone: float, share: float
) -> None:
    plain, told = eta(past, Progress(gone, phase, gone)), eta(past, Progress(gone, phase, gone, share))
    rest = gone / share - gone if share else 0
    assert plain.p50_s - 1e-6 <= told.p50_s <= plain.p50_s + max(0, rest) + 1e-6 or share == 0


# --- how good it was --------------------------------------------------------------------------------------


def test_each_start_is_estimated_from_those_before_it_alone() -> None:
    steady = starts(30)
    assert backtest(steady) == within([0.0] * 10) or backtest(steady).seconds <= 5  # type: ignore[union-attr]
    surprised = [start(99, weights=471.0), *steady]  # the newest took 400 s longer
    found = backtest(surprised)
    assert found is not None
    assert (found.hits, found.of, found.early) == (9, 10, 1)
    assert backtest(starts(6)) is None  # one alone had five before it
    assert backtest(steady, "warmup") is not None


def test_margin_is_a_round_figure_that_holds_for_four_of_five() -> None:
    found = within([3, -8, 12, -38, 22, 17, 9, -4, 90, -150])
    assert found is not None
    assert (found.seconds, found.hits, found.of, found.early) == (40, 8, 10, 1)


# --- medians ----------------------------------------------------------------------------------------------


def of(rows: Sequence[float], usd: Sequence[str] = ()) -> list[Start]:
    money = [{"weights": Decimal(one)} for one in usd] or [None] * len(rows)
    return [
        start(n, usd=spent, weights=took) for n, (took, spent) in enumerate(zip(rows, money, strict=True))
    ]


def test_medians_name_their_number_and_spread() -> None:
    found = medians(of([60, 70, 80, 90, 500], ["0.6", "0.7", "0.8", "0.9", "5"]))
    weights = found.phases["weights"]
    assert (found.n, weights.n, weights.seconds, weights.usd) == (5, 5, 80, Decimal("0.8"))
    assert (weights.low_s, weights.high_s) == (70, 90)
    assert found.ready is not None
    assert found.ready.seconds == 280  # 200 s of the others, and 80
    assert found.phases["queued"].usd is None  # not billed
    assert medians([]).ready is None


def test_two_releases_differ_by_phase_where_both_had_it() -> None:
    compiled = [start(1, 2, {"weights": Decimal("0.5")}, weights=50.0, compile=900.0)]
    rows = side_by_side(medians(of([80], ["0.8"])), medians(compiled))
    found = {row.phase: (row.seconds, row.usd) for row in rows}
    assert found["weights"] == (-30, Decimal("-0.3"))
    assert found["compile"] == (None, None)
    assert [row.phase for row in rows] == ["queued", "container", "weights", "compile", "warmup", "server"]

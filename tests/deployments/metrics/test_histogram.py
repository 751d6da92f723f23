"""Percentiles are within the stated error of the exact ones, however they were rolled up."""

from math import ceil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployments.metrics import histogram

DURATIONS = st.floats(min_value=histogram.LEAST_S, max_value=histogram.MOST_S)
SHARES = (0.5, 0.95, 0.99)
# A machine that does much else makes these slowly.
PATIENT = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def exact(durations: list[float], share: float) -> float:
    """The nearest rank."""
    return sorted(durations)[max(1, ceil(share * len(durations))) - 1]


@PATIENT
@given(parts=st.lists(st.lists(DURATIONS, max_size=30), min_size=1, max_size=10))
def test_percentiles_stay_right_when_they_are_rolled_up(parts: list[list[float]]) -> None:
    minutes = [histogram.unflat(histogram.flat(histogram.of(part))) for part in parts]
    hour: histogram.Histogram = {}
    for minute in minutes:
        histogram.add(hour, minute)
    every = [seconds for part in parts for seconds in part]
    told = histogram.percentiles(hour, SHARES)
    if not every:
        assert told == [None, None, None]
        return
    for share, seconds in zip(SHARES, told, strict=True):
        assert seconds == pytest.approx(exact(every, share), rel=histogram.ERROR * (1 + 1e-9))


@PATIENT
@given(parts=st.lists(st.lists(DURATIONS, max_size=15), max_size=6), order=st.randoms())
def test_the_order_of_adding_does_not_matter(parts: list[list[float]], order) -> None:
    once: histogram.Histogram = {}
    for part in parts:
        histogram.add(once, histogram.of(part))
    order.shuffle(parts)
    again: histogram.Histogram = {}
    for part in parts:
        histogram.add(again, histogram.of(part))
    assert histogram.flat(once) == histogram.flat(again)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-1.0, 0.001),
        (0.0, 0.001),
        (0.0005, 0.001),
        (float("nan"), 0.001),
        (1e9, 86_400),
        (float("inf"), 86_400),
    ],
)
def test_what_is_out_of_bounds_is_told_as_the_bound(seconds: float, told: float) -> None:
    (median,) = histogram.percentiles(histogram.of([seconds]), [0.5])
    assert median == pytest.approx(told, rel=histogram.ERROR * 1.5)


def test_the_error_is_what_the_documents_state() -> None:
    assert histogram.ERROR < 0.025

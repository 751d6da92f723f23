"""Windows: local time to real intervals, across the changes of the clocks."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployments.planning.windows import (
    Rule,
    instant,
    merged,
    moved_by_clocks,
    occurrences,
    seconds_of,
    used_up,
    within,
)

BERLIN, YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
WORKDAYS, ALL = frozenset(range(5)), frozenset(range(7))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "clock", "zone", "expected"),
    [
        (date(2026, 1, 5), time(9), BERLIN, "2026-01-05T08:00"),
        (date(2026, 3, 29), time(2, 30), BERLIN, "2026-03-29T01:00"),  # skipped: 03:00 is the first there is
        (date(2026, 10, 25), time(2, 30), BERLIN, "2026-10-25T00:30"),  # twice: the first
        (date(2026, 3, 8), time(2, 0), YORK, "2026-03-08T07:00"),
        (date(2026, 11, 1), time(1, 30), YORK, "2026-11-01T05:30"),
        (date(2026, 10, 4), time(2, 15), ZoneInfo("Australia/Lord_Howe"), "2026-10-03T15:30"),  # half an hour
    ],
)
def test_a_local_time_is_one_instant(day: date, clock: time, zone: ZoneInfo, expected: str) -> None:
    assert instant(day, clock, zone) == at(expected)


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 28), 7.0), (date(2026, 10, 24), 9.0), (date(2026, 6, 6), 8.0)]
)
def test_a_night_lasts_as_long_as_really_passes(day: date, hours: float) -> None:
    rule = Rule(1, ALL, time(22), time(6), BERLIN, valid_from=day, valid_until=day)
    (one,) = occurrences([rule], at("2026-01-01T00:00"), at("2027-01-01T00:00"))
    assert (one.ends_at - one.starts_at) == timedelta(hours=hours)


def test_the_week_of_the_change_in_two_zones() -> None:
    """Europe changes a week before America: for a week five hours lie between them, not six."""
    rules = [Rule(1, WORKDAYS, time(9), time(17), BERLIN), Rule(2, WORKDAYS, time(9), time(17), YORK)]

    def of_week(monday: str) -> float:
        since = at(monday)
        return seconds_of(merged(occurrences(rules, since, since + timedelta(days=7)))) / 3600

    # Berlin 8-16, New York 14-22: 14 hours a day. In between Berlin 8-16, New York 13-21: 13.
    assert (of_week("2026-10-19T00:00"), of_week("2026-10-26T00:00"), of_week("2026-11-02T00:00")) == (
        70,
        65,
        70,
    )


def test_a_window_that_the_clocks_skip_whole_lights_nothing() -> None:
    day = date(2026, 3, 29)
    rule = Rule(1, ALL, time(2), time(3), BERLIN, valid_from=day, valid_until=day, lead=timedelta(minutes=5))
    assert occurrences([rule], at("2026-03-01T00:00"), at("2026-04-30T00:00")) == []


def test_validity_skips_and_lead() -> None:
    rule = Rule(
        1, WORKDAYS, time(9), time(12), BERLIN, date(2026, 11, 24), date(2026, 11, 27),
        frozenset({date(2026, 11, 26)}), timedelta(minutes=5),
    )  # fmt: skip
    found = occurrences([rule], at("2026-11-20T00:00"), at("2026-12-20T00:00"))
    assert [one.day.day for one in found] == [24, 25, 27]
    assert found[0].opens_at == at("2026-11-24T07:55")


def test_what_overlaps_or_meets_is_one_and_knows_where_it_comes_from() -> None:
    day = date(2026, 11, 24)
    rules = [
        Rule(key, ALL, time(a), time(b), BERLIN, day, day)
        for key, a, b in ((1, 9, 12), (2, 12, 14), (3, 20, 21))
    ]
    found = merged(occurrences(rules, at("2026-11-23T00:00"), at("2026-11-26T00:00")))
    assert [(one.seconds / 3600, one.keys) for one in found] == [(5, {1, 2}), (1, {3})]
    assert used_up(found, 5.5 * 3600) == at("2026-11-24T19:30")
    assert used_up(found, 7 * 3600) is None


def test_days_on_which_the_clocks_meddle_are_named() -> None:
    rule = Rule(1, ALL, time(2, 30), time(9), BERLIN)
    days = (date(2026, 3, 29), date(2026, 10, 25), date(2026, 6, 1))
    assert [moved_by_clocks(rule, day) for day in days] == ["gap", "fold", ""]


ZONES = st.sampled_from([BERLIN, YORK])
RULES = st.builds(
    Rule, st.integers(1, 9), st.frozensets(st.integers(0, 6), min_size=1), st.times(), st.times(), ZONES,
    lead=st.sampled_from([timedelta(0), timedelta(minutes=5)]),
)  # fmt: skip
SINCE = st.sampled_from([at("2026-03-05T00:00"), at("2026-03-26T12:00"), at("2026-10-22T00:00")])


@settings(max_examples=60, deadline=None)
@given(st.lists(RULES, max_size=4), SINCE)
def test_merged_stretches_are_disjoint_ordered_and_cover_exactly_the_parts(
    rules: list[Rule], since: datetime
) -> None:
    until = since + timedelta(days=9)
    parts = occurrences(rules, since, until)
    whole = merged(parts)
    assert all(a.end < b.start for a, b in pairwise(whole))
    edges = sorted({edge for one in parts for edge in (one.opens_at, one.ends_at)})
    covered = sum(
        (b - a).total_seconds()
        for a, b in pairwise(edges)
        if any(one.opens_at <= a and b <= one.ends_at for one in parts)
    )
    assert seconds_of(whole) == pytest.approx(covered)
    assert {key for one in whole for key in one.keys} == {one.key for one in parts}
    assert seconds_of(within(whole, since, until)) <= (until - since).total_seconds()


@settings(max_examples=30, deadline=None)
@given(ZONES, st.times(), SINCE)
def test_a_rule_from_a_time_to_the_same_time_is_lit_for_all_of_the_real_time(
    zone: ZoneInfo, clock: time, since: datetime
) -> None:
    rule = Rule(1, ALL, clock, clock, zone)
    until = since + timedelta(days=14)
    assert seconds_of(within(merged(occurrences([rule], since, until)), since, until)) == 14 * 86400

"""Quarter hours, and the days of a zone that they add up to."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployments.ledger.slots import SLOTS_A_DAY, day_of, day_start, days, instant_of, slot_at, stretches

BERLIN, KATHMANDU, LORD_HOWE = (
    ZoneInfo(name) for name in ("Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe")
)
zones = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Chatham"]
)


def slots_of(day: date, zone: ZoneInfo) -> int:
    following = date.fromordinal(day.toordinal() + 1)
    return slot_at(day_start(following, zone)) - slot_at(day_start(day, zone))


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        (date(2026, 11, 24), BERLIN, 24),
        (date(2026, 10, 25), BERLIN, 25),  # clocks go back
        (date(2026, 3, 29), BERLIN, 23),  # and forth
        (date(2026, 10, 4), LORD_HOWE, 23.5),  # by half an hour there
        (date(2026, 11, 24), KATHMANDU, 24),
    ],
)
def test_a_day_has_as_many_hours_as_its_clocks_say(day, zone, hours):
    assert slots_of(day, zone) == hours * 4


def test_a_day_begins_at_a_slot_also_a_quarter_off_the_hour():
    assert day_start(date(2026, 11, 24), KATHMANDU) == datetime(2026, 11, 23, 18, 15, tzinfo=UTC)
    assert instant_of(slot_at(day_start(date(2026, 11, 24), KATHMANDU))).minute == 15


@settings(max_examples=40, deadline=None)
@given(zones, st.integers(1_900_000, 2_100_000), st.integers(0, 60_000))
def test_stretches_are_gapless_and_tell_the_day_of_each_slot(name, first, length):
    zone = ZoneInfo(name)
    found = stretches(first, first + length, zone)
    assert sum(stretch.end - stretch.first for stretch in found) == length
    for stretch in found:
        for slot in (stretch.first, stretch.end - 1):
            number = (slot + stretch.offset) // SLOTS_A_DAY
            assert date.fromordinal(date(1970, 1, 1).toordinal() + number) == day_of(slot, zone)


def test_days_are_told_from_first_to_last():
    assert list(days(date(2026, 12, 30), date(2027, 1, 1))) == [
        date(2026, 12, 30),
        date(2026, 12, 31),
        date(2027, 1, 1),
    ]

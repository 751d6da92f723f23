"""Which days a budget runs over, and where it stands."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from deployments.ledger.budgeting import Every, Standing, day_words, overrun, period_of

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("every", "now", "first", "last"),
    [
        (Every.DAY, "2026-11-24T22:59", date(2026, 11, 24), date(2026, 11, 24)),
        (Every.DAY, "2026-11-24T23:00", date(2026, 11, 25), date(2026, 11, 25)),  # midnight in Berlin
        (Every.WEEK, "2026-11-24T12:00", date(2026, 11, 23), date(2026, 11, 29)),
        (Every.WEEK, "2026-11-29T23:30", date(2026, 11, 30), date(2026, 12, 6)),
        (Every.MONTH, "2026-02-10T12:00", date(2026, 2, 1), date(2026, 2, 28)),
        (Every.MONTH, "2026-12-31T23:30", date(2027, 1, 1), date(2027, 1, 31)),
    ],
)
def test_periods_begin_at_midnight_in_their_zone(every, now, first, last):
    window = period_of(every, BERLIN, datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert (window.first_day, window.last_day) == (first, last)


def test_a_week_in_which_the_clocks_go_back_has_an_hour_more():
    window = period_of(Every.WEEK, BERLIN, datetime(2026, 10, 24, 12, tzinfo=UTC))
    assert (window.until - window.since).total_seconds() == (7 * 24 + 1) * 3600


@pytest.mark.parametrize(
    ("spent", "reserved", "percent", "threshold", "exhausted", "fits", "left"),
    [
        ("0", "0", 0, 0, False, True, "100"),
        ("49.999999", "0", 49, 0, False, True, "50.000001"),
        ("50", "10", 50, 50, False, True, "40"),
        ("99.999999", "0.000001", 99, 80, False, True, "0"),
        ("80", "20.01", 80, 80, False, False, "0"),
        ("100", "0", 100, 100, True, True, "0"),
        ("130", "0", 130, 100, True, False, "0"),
    ],
)
def test_standing(spent, reserved, percent, threshold, exhausted, fits, left):
    found = Standing(Decimal(100), Decimal(spent), Decimal(reserved))
    assert (found.percent, found.threshold, found.exhausted, found.fits) == (
        percent, threshold, exhausted, fits,
    )  # fmt: skip
    assert found.left_usd == Decimal(left)


@pytest.mark.parametrize(
    ("day", "spent", "when"),
    [
        (6, 300, datetime(2026, 11, 16, tzinfo=UTC)),  # 60 a day of 900: after 15 days
        (6, 149, None),  # 29.8 a day lasts 30.2 days
        (3, 300, None),  # two days of thirty say nothing
        (11, 80, None),  # a twelfth of the budget neither
        (11, 900, None),  # spent is not a forecast
    ],
)
def test_a_pace_that_passes_the_budget_has_a_day(day: int, spent: int, when: datetime | None) -> None:
    now = datetime(2026, 11, day, tzinfo=UTC)
    window = period_of(Every.MONTH, ZoneInfo("UTC"), now)
    assert overrun(Standing(Decimal(900), Decimal(spent)), window, now) == when


def test_the_day_is_said_in_the_budgets_zone() -> None:
    at = datetime(2026, 11, 26, 23, 30, tzinfo=UTC)
    assert day_words(at, ZoneInfo("Europe/Berlin")) == "Friday 27 Nov at about 00:00"

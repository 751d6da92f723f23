"""What the same time would have cost otherwise."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.ledger.comparisons import Habit, break_even_hours_a_day, month_usd

MODAL, NODE = Decimal("36.3168"), Decimal("35.12")
usd = st.decimals("0.01", "500", places=4)
hours = st.decimals(0, 24, places=2)


def habit(use: str | Decimal = "8", *, days: str | Decimal = "5", sessions: str | Decimal = "2") -> Habit:
    return Habit(Decimal(use), Decimal(days), Decimal(sessions), Decimal(275), Decimal(900))


def test_a_working_day_of_the_recipe() -> None:
    """8 h and two times 1175 s are 8.6528 h, on 5 days of 4.345 weeks: 188 h."""
    found = habit()
    assert round(found.billed_hours, 4) == Decimal("8.6528")
    assert round(found.month_hours, 1) == Decimal("188.0")
    assert round(found.month_usd(MODAL)) == 6827
    assert month_usd(NODE) == Decimal("25637.60")


def test_every_day_it_breaks_even_just_under_a_day() -> None:
    assert round(break_even_hours_a_day(MODAL, NODE), 2) == Decimal("23.21")  # 24 x 35.12 / 36.3168


@pytest.mark.parametrize(
    ("days", "sessions", "even"), [("7", "0", "23.21"), ("7", "2", "22.56"), ("5", "2", None)]
)
def test_break_even_of_a_habit(days: str, sessions: str, even: str | None) -> None:
    found = habit(days=days, sessions=sessions).break_even_use_hours(MODAL, NODE)
    assert (None if found is None else round(found, 2)) == (None if even is None else Decimal(even))


def test_tails_alone_can_cost_more_than_a_node() -> None:
    assert habit(days="7", sessions="80").break_even_use_hours(MODAL, NODE) == 0


def test_next_to_no_days_a_week_have_no_break_even() -> None:
    assert habit(days="1E-999999").break_even_use_hours(MODAL, NODE) is None


@given(rate=usd, node=usd, use=hours, days=st.integers(1, 7), sessions=st.integers(0, 20))
def test_at_its_break_even_both_cost_the_same(
    rate: Decimal, node: Decimal, use: Decimal, days: int, sessions: int
) -> None:
    asked = habit(use, days=Decimal(days), sessions=Decimal(sessions))
    assert asked.month_usd(rate) <= month_usd(rate)
    even = asked.break_even_use_hours(rate, node)
    cheaper = asked.month_usd(rate) < month_usd(node)
    if even is None:
        assert cheaper
    elif even > 0:
        there = habit(even, days=Decimal(days), sessions=Decimal(sessions))
        assert abs(there.month_usd(rate) - month_usd(node)) < Decimal("1e-9")
        assert (use < even) <= cheaper or abs(use - even) < Decimal("1e-9")


@given(rate=usd, node=usd)
def test_break_even_lies_within_a_day(rate: Decimal, node: Decimal) -> None:
    found = break_even_hours_a_day(rate, node)
    assert 0 < found <= 24
    assert (found == 24) == (node >= rate)

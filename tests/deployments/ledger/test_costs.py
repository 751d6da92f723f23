"""Money to the last digit: seconds x units x price, apart by resource and by part."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployments.ledger.costs import ByResource, interval_cost, run_cost, seconds
from deployments.ledger.prices import PriceBook, PriceMissing, Resources, UnitPrice

DAY = datetime(2026, 11, 24, tzinfo=UTC)
LONG_AGO = datetime(2026, 6, 1, tzinfo=UTC)
PRICES = {"gpu:H200": "0.001261", "cpu": "0.0000131", "memory": "0.00000222"}
BOOK = PriceBook.of([UnitPrice(name, Decimal(usd), LONG_AGO) for name, usd in PRICES.items()])
EIGHT = Resources("H200", 8, Decimal(0), Decimal(0))
WHOLE = Resources("H200", 8, Decimal(8), Decimal(96))


def s(count):
    return timedelta(seconds=count)


@pytest.mark.parametrize(
    ("length_s", "usd"),
    [
        (1200, "12.1056"),  # 8 x 0.001261 x 1200: a 20-minute session
        (900, "9.0792"),  # the 15-minute idle tail
        (3600, "36.3168"),  # an hour
        (275, "2.7742"),  # a cold start of the published recipe
        (0, "0"),
    ],
)
def test_eight_h200(length_s, usd):
    cost = interval_cost(EIGHT, BOOK, DAY, DAY + s(length_s))
    assert cost == ByResource(gpu_usd=Decimal(usd))
    assert cost.total_usd == Decimal(usd)


def test_an_hour_as_people_compare_it_is_the_gpus_alone():
    assert BOOK.usd_per_hour(WHOLE, DAY) == Decimal("36.3168")
    # Without GPUs: (4 x 0.0000131 + 16 x 0.00000222) x 3600
    assert BOOK.usd_per_hour(Resources("none", 0, Decimal(4), Decimal(16)), DAY) == Decimal("0.316512")


def test_cpu_and_memory_are_counted_apart():
    cost = interval_cost(WHOLE, BOOK, DAY, DAY + s(1000))
    assert cost.gpu_usd == Decimal("10.088")  # 8 x 0.001261 x 1000
    assert cost.cpu_usd == Decimal("0.1048")  # 8 x 0.0000131 x 1000
    assert cost.memory_usd == Decimal("0.21312")  # 96 x 0.00000222 x 1000
    assert cost.total_usd == Decimal("10.40592")


def test_a_price_change_cuts_the_interval():
    dearer = UnitPrice("gpu:H200", Decimal("0.002"), DAY + s(100))
    book = PriceBook.of([dearer, *BOOK.prices])
    # 100 s x 8 x 0.001261 + 50 s x 8 x 0.002
    assert interval_cost(EIGHT, book, DAY, DAY + s(150)).gpu_usd == Decimal("1.0088") + Decimal("0.8")
    assert book.at("gpu:H200", DAY + s(99)) == Decimal("0.001261")
    assert book.at("gpu:H200", DAY + s(100)) == Decimal("0.002")


@pytest.mark.parametrize("name", list(PRICES))
def test_a_missing_price_names_its_resource(name):
    book = PriceBook.of([price for price in BOOK.prices if price.resource != name])
    with pytest.raises(PriceMissing, match=name) as caught:
        interval_cost(WHOLE, book, DAY, DAY + s(1))
    assert caught.value.resource == name
    assert "Prices" in str(caught.value)


def test_a_price_of_later_is_no_price_of_now():
    with pytest.raises(PriceMissing):
        interval_cost(EIGHT, BOOK, LONG_AGO - s(1), LONG_AGO + s(1))


def test_what_is_not_held_needs_no_price():
    book = PriceBook.of([price for price in BOOK.prices if price.resource == "gpu:H200"])
    assert interval_cost(EIGHT, book, DAY, DAY + s(1)).cpu_usd == 0


def cost_of(*, started=0, ready=275, ended=1475, busy_s=300.0, book=BOOK):
    return run_cost(
        EIGHT,
        book,
        started_at=None if started is None else DAY + s(started),
        ready_at=None if ready is None else DAY + s(ready),
        ended_at=DAY + s(ended),
        busy_s=busy_s,
    )


def test_a_run_in_parts():
    """275 s of boot, then 1200 s lit of which 300 s were busy."""
    cost = cost_of()
    assert cost.boot_usd == Decimal("2.7742")
    assert cost.use_usd == Decimal("3.0264")  # a quarter of 12.1056
    assert cost.idle_usd == Decimal("9.0792")
    assert cost.total_usd == Decimal("14.8798")


def test_a_container_that_never_started_costs_nothing():
    cost = cost_of(started=None)
    assert (cost.boot_usd, cost.use_usd, cost.idle_usd, cost.total_usd) == (0, 0, 0, 0)


def test_a_run_that_never_was_ready_is_boot_alone():
    cost = cost_of(ready=None, ended=275)
    assert (cost.boot_usd, cost.use_usd, cost.idle_usd) == (Decimal("2.7742"), 0, 0)


@pytest.mark.parametrize(("busy_s", "used", "idle"), [(5000.0, "12.1056", "0"), (-5.0, "0", "12.1056")])
def test_busy_seconds_beyond_the_lit_time_count_as_the_lit_time(busy_s, used, idle):
    cost = cost_of(busy_s=busy_s)
    assert (cost.use_usd, cost.idle_usd) == (Decimal(used), Decimal(idle))


def test_ready_the_moment_it_ended_has_no_lit_time():
    cost = cost_of(ready=275, ended=275)
    assert (cost.use_usd, cost.idle_usd) == (0, 0)


@pytest.mark.parametrize("at", [{"ended": -10}, {"ready": -10}, {"ready": 9999}, {"started": 2000}])
def test_a_clock_that_steps_back_makes_no_negative_money(at):
    cost = cost_of(**at)
    assert min(cost.boot_usd, cost.use_usd, cost.idle_usd, cost.total_usd) >= 0
    assert cost.boot_usd + cost.use_usd + cost.idle_usd == cost.total_usd


def test_seconds_are_exact_and_never_negative():
    assert seconds(DAY, DAY + timedelta(microseconds=1)) == Decimal("0.000001")
    assert seconds(DAY + s(1), DAY) == 0


instants = st.integers(min_value=0, max_value=7 * 86_400_000_000).map(
    lambda us: DAY + timedelta(microseconds=us)
)
amounts = st.decimals(min_value=0, max_value=200, places=2)
usd_per_s = st.decimals(min_value=0, max_value=1, places=8)
changes = st.lists(st.tuples(st.sampled_from(list(PRICES)), usd_per_s, instants), max_size=5)
exact = settings(max_examples=80, deadline=None, database=None)


def book_with(rows):
    return PriceBook.of([*BOOK.prices, *(UnitPrice(*row) for row in rows)])


@exact
@given(changes, amounts, amounts, st.lists(instants, min_size=2, max_size=6))
def test_any_cuts_sum_to_the_whole(rows, cpu, memory, points):
    book, held = book_with(rows), Resources("H200", 8, cpu, memory)
    points = sorted(points)
    parts = sum((interval_cost(held, book, a, b) for a, b in pairwise(points)), ByResource())
    assert parts == interval_cost(held, book, points[0], points[-1])


@exact
@given(changes, instants, st.none() | instants, instants, st.floats(min_value=0, max_value=1e6))
def test_the_parts_of_a_run_sum_to_its_resources(rows, started, ready, ended, busy_s):
    cost = run_cost(WHOLE, book_with(rows), started_at=started, ready_at=ready, ended_at=ended, busy_s=busy_s)
    assert cost.boot_usd + cost.use_usd + cost.idle_usd == cost.total_usd
    assert cost.total_usd == cost.resources.gpu_usd + cost.resources.cpu_usd + cost.resources.memory_usd
    assert min(cost.boot_usd, cost.use_usd, cost.idle_usd) >= 0

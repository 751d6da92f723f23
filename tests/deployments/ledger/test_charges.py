"""Who a run's seconds and dollars belong to, and that they sum to the whole to the micro-dollar."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployments.ledger.attribution import Hold, Life, Part, Payer, Use, attribute
from deployments.ledger.charges import charges, total, usd
from deployments.ledger.costs import interval_cost
from deployments.ledger.prices import PriceBook, PriceMissing, Resources, UnitPrice
from deployments.ledger.slots import day_of, day_start, days, slot_at

DAY = datetime(2026, 11, 24, tzinfo=UTC)
BOOK = PriceBook.of(
    [
        UnitPrice(name, Decimal(usd), DAY - timedelta(days=100))
        for name, usd in {"gpu:H200": "0.001261", "cpu": "0.0000131", "memory": "0.00000222"}.items()
    ]
)
EIGHT = Resources("H200", 8, Decimal(0), Decimal(0))
WHOLE = Resources("H200", 8, Decimal(8), Decimal(96))
ANNA, BEN, OUTSIDE = Payer(1, 11, "Anna"), Payer(2, 22, "Ben"), Payer()


def at(seconds):
    return DAY + timedelta(seconds=seconds)


def life(*, started=0, ready=275, ended=1475, woke=ANNA, uses=(), holds=(), busy_s=0.0, warmed=None):
    return Life(
        at(started), None if ready is None else at(ready), at(ended), woke,
        tuple(Use(payer, at(a), at(b), *tokens) for payer, a, b, *tokens in uses),
        tuple(Hold(payer, at(a), at(b), timed) for payer, a, b, timed in holds), busy_s,
        None if warmed is None else at(warmed),
    )  # fmt: skip


def seconds(made):
    """Seconds by part and payer."""
    found = Counter()
    for cell, length in attribute(made).items():
        found[cell.part.value, cell.payer.name] += length / 1e6
    return {key: round(length, 6) for key, length in found.items() if length}


@pytest.mark.parametrize(
    ("length_s", "dollars"),
    [(1200, "12.1056"), (900, "9.0792"), (3600, "36.3168"), (275, "2.7742")],
)
def test_eight_h200_to_the_micro_dollar(length_s, dollars):
    rows = charges(life(ready=None, ended=length_s), EIGHT, BOOK)
    assert usd(total(rows)) == Decimal(dollars)
    assert usd(sum(row.boot for row in rows)) == Decimal(dollars)


def test_cpu_and_memory_stand_apart_and_gpus_are_what_they_were_without():
    rows = charges(life(ready=None, ended=1200), WHOLE, BOOK)
    sums = {name: usd(sum(row.resources[name] for row in rows)) for name in ("gpu", "cpu", "memory")}
    # 8 x 0.001261 x 1200; 8 x 0.0000131 x 1200; 96 x 0.00000222 x 1200
    assert sums == {"gpu": Decimal("12.1056"), "cpu": Decimal("0.12576"), "memory": Decimal("0.255744")}


def test_a_pinned_region_multiplies_everything():
    pinned = Resources("H200", 8, Decimal(0), Decimal(0), price_factor=Decimal("1.75"))
    assert usd(total(charges(life(ready=None, ended=1200), pinned, BOOK))) == Decimal("21.1848")
    assert interval_cost(pinned, BOOK, DAY, at(1200)).total_usd == Decimal("21.1848")
    assert BOOK.usd_per_hour(pinned, DAY) == Decimal("63.5544")


def test_a_missing_price_is_said():
    with pytest.raises(PriceMissing):
        charges(life(), WHOLE, PriceBook(()))


def test_a_run_that_nobody_used_is_all_of_whoever_woke_it():
    assert seconds(life()) == {("boot", "Anna"): 275, ("idle", "Anna"): 1200}


@pytest.mark.parametrize(
    ("uses", "boot_s"),
    [
        ([], 300),  # the whole warm-up
        ([(BEN, 285, 290)], 285),  # its first request ends the boot, and what follows is its tail
        ([(BEN, 100, 285)], 275),  # it waited at the door and was served as soon as it was ready
        ([(BEN, 100, 270)], 300),  # it left before it was ready: nobody was served
        ([(BEN, 310, 320)], 300),
    ],
)
def test_a_warm_up_is_boot_until_somebody_is_served(uses, boot_s):
    made = life(uses=uses, warmed=300)
    found = seconds(made)
    assert sum(length for (part, _), length in found.items() if part == "boot") == boot_s
    assert sum(found.values()) == 1475
    assert total(charges(made, WHOLE, BOOK)) == total(charges(life(), WHOLE, BOOK))


def test_the_idle_tail_is_the_last_users():
    made = life(uses=[(ANNA, 300, 400), (BEN, 500, 575)])
    assert seconds(made) == {
        ("boot", "Anna"): 275,
        ("use", "Anna"): 100,
        ("use", "Ben"): 75,
        ("idle", "Anna"): 125,  # 275 to 300 since she woke it, 400 to 500 since she used it last
        ("idle", "Ben"): 900,
    }


def test_whoever_joins_when_it_is_ready_has_caused_the_tail_from_there():
    made = life(holds=[(ANNA, -10, 1475, False), (BEN, 875, 1475, False)])
    assert seconds(made) == {("boot", "Anna"): 275, ("idle", "Anna"): 600, ("idle", "Ben"): 600}


def test_keeping_warm_is_the_holders_of_the_leases_until_a_time_in_equal_shares():
    made = life(uses=[(BEN, 300, 400)], holds=[(ANNA, -10, 1075, True), (BEN, 675, 875, True)])
    assert seconds(made) == {
        ("boot", "Anna"): 275,
        ("use", "Ben"): 100,
        ("kept", "Anna"): 600,  # 275 to 300, 400 to 675, half of 675 to 875, 875 to 1075
        ("kept", "Ben"): 100,
        ("idle", "Ben"): 400,  # the last who used it
    }


def test_requests_at_once_share_their_seconds_by_tokens_a_second():
    made = life(uses=[(ANNA, 300, 400, 3000), (BEN, 300, 400, 1000)])
    assert seconds(made)["use", "Anna"] == 75
    assert seconds(made)["use", "Ben"] == 25


def test_tokens_that_are_read_weigh_a_tenth_and_a_request_without_counts_one_a_second():
    assert Use(ANNA, at(0), at(10), 100, 1000).weight == 20_000  # (100 + 100) / 10 s
    assert Use(ANNA, at(0), at(10)).weight == 1000


def test_requests_outside_the_lit_time_count_for_nothing():
    made = life(uses=[(BEN, 0, 200), (BEN, 2000, 2100)])
    assert seconds(made) == {("boot", "Anna"): 275, ("idle", "Anna"): 1200}


def test_busy_seconds_that_no_request_explains_are_use_of_whoever_kept_it():
    made = life(woke=OUTSIDE, busy_s=300.0)
    assert seconds(made) == {("boot", ""): 275, ("use", ""): 300, ("idle", ""): 900}
    explained = life(uses=[(BEN, 300, 700)], busy_s=300.0)
    assert seconds(explained)["use", "Ben"] == 400


def test_a_request_over_midnight_is_of_both_days():
    midnight = 23.9 * 3600
    rows = charges(
        life(started=midnight, ready=midnight, ended=midnight + 720, uses=[(BEN, midnight, midnight + 720)]),
        EIGHT,
        BOOK,
    )
    by_day = Counter()
    for row in rows:
        by_day[day_of(row.slot, ZoneInfo("UTC"))] += row.use
    assert [usd(amount) for _, amount in sorted(by_day.items())] == [Decimal("3.63168"), Decimal("3.63168")]


# A week around the end of summer time in Europe, in microseconds.
WEEK = datetime(2026, 10, 22, tzinfo=UTC)
instants = st.integers(0, 6 * 86_400_000_000).map(lambda us: WEEK + timedelta(microseconds=us))
spans = st.tuples(instants, st.integers(0, 7200_000_000).map(lambda us: timedelta(microseconds=us)))
payers = st.sampled_from([ANNA, BEN, Payer(3, 0, "Clara"), OUTSIDE])
tokens = st.integers(0, 100_000)
uses = st.builds(
    lambda payer, span, made, read: Use(payer, span[0], span[0] + span[1], made, read),
    payers, spans, tokens, tokens,
)  # fmt: skip
holds = st.builds(
    lambda payer, span, timed: Hold(payer, span[0], span[0] + span[1], timed), payers, spans, st.booleans()
)
lives = st.builds(
    Life, instants, st.none() | instants, instants, payers, st.lists(uses, max_size=8),
    st.lists(holds, max_size=4), st.floats(0, 1e6),
)  # fmt: skip
prices = st.lists(
    st.builds(
        UnitPrice,
        st.sampled_from(["gpu:H200", "cpu", "memory"]),
        st.decimals(0, 1, places=10),
        instants,
    ),
    max_size=4,
)
amounts = st.decimals(0, 200, places=2)


@settings(max_examples=150, deadline=None)
@given(lives, prices, amounts, amounts, st.sampled_from(["1", "1.5", "1.75"]))
def test_parts_resources_people_hours_and_days_sum_to_the_whole(made, changes, cpu, memory, factor):
    """Across price changes, midnight, the end of summer time, and clocks that step back."""
    book = PriceBook.of([*BOOK.prices, *changes])
    held = Resources("H200", 8, cpu, memory, Decimal(factor))
    rows = charges(made, held, book)
    whole = total(rows)
    exact = interval_cost(held, book, made.started_at, max(made.started_at, made.ended_at)).total_usd
    assert usd(whole) == exact.quantize(Decimal("0.000001"), ROUND_HALF_UP)
    assert sum(row.boot + row.use + row.idle for row in rows) == whole
    assert sum(sum(row.resources.values()) for row in rows) == whole
    assert all(sum(row.resources.values()) == row.total for row in rows)
    assert all(
        min(row.boot, row.use, row.idle, row.kept, *row.resources.values()) >= 0
        and row.kept <= row.idle
        for row in rows
    )  # fmt: skip
    for name in ("UTC", "Europe/Berlin", "Asia/Kathmandu"):
        assert sum(_by_day(rows, ZoneInfo(name))) == whole


def _by_day(rows, zone):
    """Sums of each day by the slots from its midnight to the next."""
    for day in days((WEEK - timedelta(days=2)).date(), (WEEK + timedelta(days=9)).date()):
        first = slot_at(day_start(day, zone))
        end = slot_at(day_start(day + timedelta(days=1), zone))
        yield sum(row.total for row in rows if first <= row.slot < end)


@settings(max_examples=80, deadline=None)
@given(lives, st.lists(instants, max_size=4))
def test_every_microsecond_belongs_to_exactly_one(made, cuts):
    cells = attribute(made, cuts)
    length = max(timedelta(), made.ended_at - made.started_at)
    assert sum(cells.values()) == length // timedelta(microseconds=1)
    assert min(cells.values(), default=0) >= 0


@settings(max_examples=40, deadline=None)
@given(lives, st.randoms(use_true_random=False))
def test_the_answer_does_not_depend_on_the_order_of_the_rows(made, random):
    mixed = Life(
        made.started_at, made.ready_at, made.ended_at, made.woke,
        random.sample(list(made.uses), len(made.uses)), random.sample(list(made.holds), len(made.holds)),
        made.busy_s,
    )  # fmt: skip
    assert charges(mixed, WHOLE, BOOK) == charges(made, WHOLE, BOOK)
    assert Part.KEPT not in {cell.part for cell in attribute(Life(DAY, DAY, at(9), ANNA))}

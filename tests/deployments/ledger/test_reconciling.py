"""Why a bill differs from the count, and whose share of a billed hour is whose."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from deployments.ledger.reconciling import GpuDay, Pair, Stay, causes, consistent_ratio, share_of

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def usd(**amounts: str) -> dict[str, Decimal]:
    return {name: Decimal(text) for name, text in amounts.items()}


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("counted", "billed", "more", "said"),
    [
        (usd(gpu="36.32", cpu="0.38"), usd(gpu="36.31", cpu="0.38"), {}, None),
        (usd(gpu="36.32"), usd(gpu="37.32"), {}, None),  # 1.00 is 2.7 %
        (usd(gpu="0.50"), usd(gpu="0.54"), {}, None),  # 4 cents
        (usd(gpu="36"), usd(gpu="45"), {"queued_usd": Decimal("8.50")}, "Queued time seems to be billed"),
        (usd(gpu="36"), usd(gpu="63"), {}, "billed 1.75 times: a pinned region"),
        (usd(gpu="63"), usd(gpu="36"), {}, "a pinned region that is not billed"),
        (usd(gpu="36"), usd(gpu="39.6"), {}, "billed 10 % above the count"),
        (usd(gpu="36"), usd(gpu="39.6"), {"price_changed": True}, "A price changed"),
        (usd(gpu="36", cpu="4"), usd(gpu="36", cpu="1"), {}, "CPU used differ"),
        (usd(gpu="36"), usd(gpu="36", other="9"), {}, "$9.00 is for what the panel does not count"),
        (usd(gpu="36"), {}, {}, "Nothing is billed"),
        (usd(gpu="36"), {}, {"complete": False}, "it can lag"),
        ({}, usd(gpu="36"), {}, "a container ran that it never saw"),
        ({}, usd(gpu="36"), {"known": False}, "somebody runs it at the provider directly"),
    ],
)
def test_a_difference_names_its_likely_cause(
    counted: Any, billed: Any, more: dict[str, Any], said: str | None
) -> None:
    found = causes(Pair(counted, billed, **more))
    assert (said in found[0]) if said else found == []


def test_an_hour_is_shared_by_the_seconds_lived_in_it_to_the_micro_dollar() -> None:
    stays = [Stay(1, at(30), at(60)), Stay(2, at(45), at(90))]
    hours: Any = {(at(0), at(60)): 1_000_000, (at(60), at(120)): 300_000}
    # The first hour: 30 and 15 min, so two thirds and one; the second is run 2's alone.
    shares = [share_of(one, stays, hours).micro_usd for one in (1, 2)]
    assert shares == [666_667, 633_333]
    assert sum(one or 0 for one in shares) == sum(hours.values())


def test_a_share_that_would_be_guessed_is_none_with_the_reason() -> None:
    server, download = Stay(1, at(0), at(60)), Stay(2, at(0), at(30), has_gpus=False)
    mixed = share_of(1, [server, download], {(at(0), at(60)): 10})
    late = share_of(1, [server], {(at(0), at(60)): None})
    assert (mixed.micro_usd, late.micro_usd) == (None, None)
    assert "a server and a download" in mixed.why
    assert "does not have all of its hours yet" in late.why


@pytest.mark.parametrize(
    ("billed", "ratio"),
    [
        (["10.5", "10.5", "10.5"], "1.05"),
        (["10", "10.5", "10.5"], None),  # one day agrees
        (["9", "10.5", "10.5"], None),  # one to the other side
        (["9.5", "9.5", "9.5"], "0.95"),
        (["10.2", "10.2", "10.2"], None),  # 2 %
        (["10.5", "10.5"], None),
    ],
)
def test_a_finding_needs_three_days_to_the_same_side(billed: list[str], ratio: str | None) -> None:
    days = [GpuDay(Decimal(10), Decimal(one)) for one in billed]
    small = GpuDay(Decimal("0.5"), Decimal(9))  # below a dollar: no evidence
    assert consistent_ratio([*days, small]) == (Decimal(ratio) if ratio else None)

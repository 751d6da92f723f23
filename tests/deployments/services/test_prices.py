"""The account's own rates, and prices that grow old."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from deployments.ledger.prices import Resources
from deployments.models import Account, Action, Price
from deployments.planning.power import Role
from deployments.providers.base import ProviderError
from deployments.services import costs, prices
from deployments.services.errors import Refused
from tests.fakes.provider import FakeProvider

from .conftest import Panel, actor

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
EIGHT = Resources("H200", 8, Decimal(8), Decimal(96))
RATES = {"gpu:H200": Decimal("0.001261"), "cpu": Decimal("0.0000131"), "memory": Decimal("0.00000222")}


@pytest.fixture
def provider(db: None, monkeypatch: pytest.MonkeyPatch) -> FakeProvider:
    made = FakeProvider(lambda: NOW)
    made.prices = dict(RATES)
    monkeypatch.setattr(prices, "provider_for", lambda account: made)
    return made


@pytest.fixture
def account(db: None) -> Account:
    return Account.objects.create(name="Team", token_id="ak-1")


def own(account: Account) -> list[tuple[str, str, date]]:
    rows = account.prices.filter(resource="gpu:H200").order_by("effective_from")
    return [(row.resource, f"{row.usd_per_s.normalize():f}", row.checked_on) for row in rows]


def test_rates_that_hold_are_noted_as_checked_and_a_change_is_a_new_row(
    provider: FakeProvider, account: Account
) -> None:
    assert prices.refresh(account, now=NOW) == ""
    prices.refresh(account, now=NOW + timedelta(days=1))
    assert own(account) == [("gpu:H200", "0.001261", date(2026, 11, 25))]
    provider.prices = RATES | {"gpu:H200": Decimal("0.0013")}
    prices.refresh(account, now=NOW + timedelta(days=2))
    assert own(account) == [
        ("gpu:H200", "0.001261", date(2026, 11, 25)),
        ("gpu:H200", "0.0013", date(2026, 11, 26)),
    ]
    assert "went from 0.001261 to 0.0013" in Action.objects.get(verb="price").summary


def test_own_rates_go_before_public_ones_from_their_day_on(provider: FakeProvider, account: Account) -> None:
    provider.prices = RATES | {"gpu:H200": Decimal("0.001")}
    prices.refresh(account, now=NOW)
    Price.objects.create(  # a public price of later is none of this account's
        resource="gpu:H200", usd_per_s=Decimal("0.009"), effective_from=NOW + timedelta(days=1), source="x",
        checked_on=NOW.date(),
    )  # fmt: skip
    book = costs.book(account)
    assert book.at("gpu:H200", NOW - timedelta(seconds=1)) == Decimal("0.001261")
    assert book.at("gpu:H200", NOW + timedelta(days=2)) == Decimal("0.001")
    assert book.at("gpu:B200", NOW) == Decimal("0.001736")
    other = Account.objects.create(name="Other")
    assert costs.book(other).at("gpu:H200", NOW + timedelta(days=2)) == Decimal("0.009")


def test_an_account_is_asked_once_a_day_and_an_hour_after_a_failure(
    provider: FakeProvider, account: Account
) -> None:
    Account.objects.create(name="Without a token")
    provider.fail_next("unit_prices", ProviderError("503", permanent=False))
    prices.refresh_due(now=NOW)
    assert Account.objects.get(pk=account.pk).prices_error == "503"
    for minutes in (30, 61, 90, 61 + 1439):
        prices.refresh_due(now=NOW + timedelta(minutes=minutes))
    assert provider.call_log.count("unit_prices") == 2
    prices.refresh_due(now=NOW + timedelta(minutes=61 + 1440))
    assert provider.call_log.count("unit_prices") == 3
    assert Account.objects.get(pk=account.pk).prices_error == ""


def test_a_plan_without_rates_goes_by_public_prices_and_says_so(
    provider: FakeProvider, account: Account
) -> None:
    provider.prices = None
    assert "public prices are used" in prices.refresh(account, now=NOW)
    assert own(account) == []


@pytest.mark.parametrize(
    ("days", "old", "stale"), [(0, False, False), (45, False, False), (46, True, False), (181, True, True)]
)
def test_age_is_that_of_the_oldest_check(account: Account, days: int, old: bool, stale: bool) -> None:
    Price.objects.update(checked_on=NOW.date())
    Price.objects.filter(resource="cpu").update(checked_on=NOW.date() - timedelta(days=days))
    found = prices.state_of(costs.Books(), account, EIGHT, NOW)
    assert (found.old, found.stale) == (old, stale)
    assert bool(found.note) is old


def test_a_missing_price_is_named(account: Account) -> None:
    Price.objects.filter(resource="cpu").delete()
    assert "No price of cpu" in prices.state_of(costs.Books(), account, EIGHT, NOW).note


def test_nothing_new_is_lit_at_prices_that_nobody_checked_for_half_a_year(panel: Panel) -> None:
    lease = panel.start()
    assert panel.status().price_note == ""
    Price.objects.update(checked_on=panel.now.date() - timedelta(days=200))
    assert "nothing new is lit" in panel.status().price_note
    from deployments.services import requests

    for act in (
        panel.start,
        lambda: requests.extend(lease.pk, actor=actor(), until=panel.now + timedelta(hours=1)),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert (refused.value.code, refused.value.status) == ("prices_stale", 409)
    prices.confirm(actor=actor(Role.ADMIN), now=panel.now)
    assert panel.start()


def test_only_an_admin_confirms(db: None) -> None:
    with pytest.raises(Refused) as refused:
        prices.confirm(actor=actor(Role.OPERATOR))
    assert refused.value.status == 403


@pytest.mark.parametrize("text", ["0", "-0.001", "NaN", "Infinity", "1E-15", "1E+20"])
def test_rates_that_make_no_sense_change_nothing_and_are_named(
    provider: FakeProvider, account: Account, text: str
) -> None:
    prices.refresh(account, now=NOW)
    provider.prices = RATES | {"gpu:H200": Decimal(text), "cpu": Decimal("0.00002")}
    assert "gpu:H200" in prices.refresh(account, now=NOW + timedelta(days=1))
    assert own(account) == [("gpu:H200", "0.001261", date(2026, 11, 24))]
    assert costs.book(account).at("cpu", NOW + timedelta(days=2)) == Decimal("0.00002")


def test_one_account_or_a_clock_that_was_moved_back_does_not_keep_others_from_their_rates(
    provider: FakeProvider, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Account.objects.create(name="Broken", token_id="ak-0")
    Account.objects.filter(pk=account.pk).update(prices_tried_at=NOW + timedelta(days=300))

    def provider_of(asked: Account) -> FakeProvider:
        if asked.pk == broken.pk:
            raise RuntimeError
        return provider

    monkeypatch.setattr(prices, "provider_for", provider_of)
    prices.refresh_due(now=NOW)
    assert len(own(account)) == 1

"""The provider's report: every version kept, read again until it rests, laid beside the count."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from deployments.ledger.window import Window
from deployments.models import Account, BillLine, Deployment, Notice, Run
from deployments.providers.base import AccountFacts, BilledHour, ProviderError
from deployments.services import bill_compare, bills, provider_budgets
from deployments.services.spend import Filter
from tests.deployments.pages.spending import Spending
from tests.deployments.pages.states import States
from tests.fakes.provider import FakeProvider

NOW = datetime(2026, 11, 20, 9, 20, tzinfo=UTC)
NOVEMBER = Window.of_days(date(2026, 11, 1), date(2026, 11, 30), ZoneInfo("UTC"))


@pytest.fixture
def provider(db: None, monkeypatch: pytest.MonkeyPatch) -> FakeProvider:
    made = FakeProvider(lambda: NOW)
    monkeypatch.setattr(bills, "provider_for", lambda account: made)
    return made


@pytest.fixture
def account(states: States) -> Account:
    Account.objects.update(token_id="ak-1")
    return Account.objects.get()


@pytest.fixture
def states(db: None) -> States:
    return States(NOW)


def hour(at: str, usd: str, *, app: str = "ap-1", name: str = "glm", **parts: str) -> BilledHour:
    resources = parts or {"GPU_H200": usd}
    start = datetime.fromisoformat(at).replace(tzinfo=UTC)
    return BilledHour(app, name, start, Decimal(usd), {k: Decimal(v) for k, v in resources.items()}, {})


def test_a_corrected_hour_is_a_new_version_and_the_old_one_stays(
    provider: FakeProvider, account: Account
) -> None:
    provider.bills = [hour("2026-11-20T07:00", "5"), hour("2026-11-20T08:00", "6")]
    for _ in range(2):  # what did not change is not written again
        assert bills.fetch(account, now=NOW) == ""
    provider.bills = [hour("2026-11-20T07:00", "5.5")]
    bills.fetch(account, now=NOW + timedelta(minutes=10))
    bills.write(account, [hour("2026-11-20T07:00", "1")], *bills.span(account, NOW), NOW)  # an older answer
    rows = BillLine.objects.all()
    kept = [(row.hour.hour, row.version, row.micro_usd, row.superseded_at is None) for row in rows]
    assert kept == [
        (7, 1, 5_000_000, False), (7, 2, 5_500_000, True), (8, 1, 6_000_000, False), (8, 2, 0, True),
    ]  # fmt: skip


def test_two_days_are_read_again_and_what_was_missed_is_caught_up(account: Account) -> None:
    until = datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert bills.span(account, NOW) == (until - timedelta(days=31), until)
    account.bills_until = until - timedelta(hours=1)
    assert bills.span(account, NOW) == (until - timedelta(hours=49), until)
    account.bills_until = until - timedelta(days=9)
    assert bills.span(account, NOW)[0] == until - timedelta(days=11)


def test_it_is_read_hourly_while_something_was_lit_daily_else_and_soon_after_an_error(
    provider: FakeProvider, account: Account, states: States
) -> None:
    def waits() -> timedelta:
        return bills.due_at(Account.objects.get(), NOW) - NOW

    bills.fetch_due(now=NOW)
    bills.fetch_due(now=NOW)
    assert provider.call_log.count("billing_report") == 1
    assert waits() == timedelta(days=1)
    Spending(states).run("2026-11-20T01:00", hours=1)
    assert waits() == timedelta(hours=1)
    provider.fail_next("billing_report", ProviderError("503", permanent=False))
    bills.fetch(account, now=NOW)
    assert waits() == timedelta(minutes=10)
    provider.bills = None
    assert "does not include the billing report" in bills.fetch(account, now=NOW)
    assert waits() == timedelta(days=1)


def lit_three_days(provider: FakeProvider, states: States, factor: str) -> Spending:
    """GPUs of 36.3168 an hour, billed times `factor`, on the 16th, 17th and 18th."""
    spending = Spending(states)
    for day in (16, 17, 18):
        spending.run(f"2026-11-{day}T07:00", hours=1)
    gpu = Decimal("36.3168") * Decimal(factor)
    provider.bills = [hour(f"2026-11-{day}T07:00", f"{gpu}") for day in (16, 17, 18)]
    return spending


def test_bill_and_count_of_the_same_hours_by_day_and_outsiders_apart(
    provider: FakeProvider, account: Account, states: States
) -> None:
    lit_three_days(provider, states, "1")
    provider.bills = [*(provider.bills or []), hour("2026-11-19T07:00", "9", app="ap-9", name="elsewhere")]
    bills.fetch(account, now=NOW)
    found = bill_compare.compare(NOVEMBER, Filter(), NOW)
    assert [(row.day.day, row.deployment is not None) for row in found.rows] == [
        (19, False), (18, True), (17, True), (16, True),
    ]  # fmt: skip
    assert found.billed_usd == Decimal("36.3168") * 3 + 9
    assert "somebody runs it at the provider directly" in found.rows[0].causes[0]
    assert found.rows[1].pair.ratio("gpu") == 1
    totals = bill_compare.compare_totals(NOVEMBER, Filter(), NOW)
    assert totals
    assert (totals.until, totals.billed_usd) == (datetime(2026, 11, 20, 9, tzinfo=UTC), found.billed_usd)
    assert totals.counted_usd == found.counted_usd
    assert bill_compare.billed_of_run(Run.objects.latest("id").pk).micro_usd == 36_316_800
    assert bill_compare.compare_totals(NOVEMBER, Filter(user_id=1), NOW) is None


def test_gpus_that_are_billed_higher_again_and_again_are_told_once(
    provider: FakeProvider, account: Account, states: States
) -> None:
    lit_three_days(provider, states, "1.05")
    for _ in range(2):
        bills.fetch(account, now=NOW)
    assert [row.kind for row in Notice.objects.all()] == ["bill"]
    assert "are billed 5.0 % more than the panel counts" in Notice.objects.get().text


def test_the_providers_own_budget_is_read_else_as_it_was_typed_in(
    provider: FakeProvider, account: Account
) -> None:
    provider.account = AccountFacts("w", "main", Decimal(500), Decimal("125.5"))
    bills.fetch(account, now=NOW)
    (read,) = provider_budgets.of(Account.objects.all())
    assert (read.amount_usd, read.used_usd, read.percent, read.read_at) == (500, Decimal("125.5"), 25, NOW)
    provider.account = AccountFacts("w", "main")
    bills.fetch(account, now=NOW)
    Account.objects.update(typed_budget_usd=400, typed_budget_on=NOW.date(), typed_budget_source="its page")
    (typed,) = provider_budgets.of(Account.objects.all())
    assert (typed.amount_usd, typed.read_at, typed.typed_on) == (400, None, NOW.date())


def test_rows_of_one_app_and_hour_are_added_up_and_nonsense_is_left_out_aloud(
    provider: FakeProvider, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = hour("2026-11-20T07:00", "5")  # a redeploy within the hour: the same app under two tags
    rows = [
        good, replace(good, cost_usd=Decimal("1.5"), by_resource={"CPU": Decimal("1.5")}),
        hour("2026-11-20T08:00", "NaN"), hour("2026-11-20T08:00", "1E+30", app="ap-2"),
        hour("2026-11-20T08:30", "1", app="ap-3"), hour("2020-01-01T00:00", "1"),
        hour("2026-11-20T08:00", "1", app="ap-4", GPU_H200="Infinity"),
    ]  # fmt: skip
    monkeypatch.setattr(provider, "billing_report", lambda since, until: rows)
    for _ in range(2):
        assert "5 rows of the report make no sense" in bills.fetch(account, now=NOW)
    (row,) = BillLine.objects.all()
    assert (row.micro_usd, row.by_resource, row.version) == (6_500_000, {"CPU": "1.5", "GPU_H200": "5"}, 1)
    assert Account.objects.get().bills_until == datetime(2026, 11, 20, 9, tzinfo=UTC)
    rows[:] = [hour("2026-11-20T07:00", "NaN")]
    bills.fetch(account, now=NOW)
    assert BillLine.objects.get().micro_usd == 6_500_000  # nonsense is no correction


def test_a_credit_lessens_the_bill(provider: FakeProvider, account: Account) -> None:
    provider.bills = [hour("2026-11-20T07:00", "5"), hour("2026-11-20T08:00", "-2")]
    bills.fetch(account, now=NOW)
    assert bill_compare.compare(NOVEMBER, Filter(), NOW).billed_usd == 3


def test_what_an_account_without_a_report_spent_is_not_laid_beside_the_bills_of_others(
    provider: FakeProvider, account: Account, states: States
) -> None:
    spending = lit_three_days(provider, states, "1")
    bills.fetch(account, now=NOW)
    spending.run("2026-11-18T07:00", hours=1, slug="coder")
    other = Account.objects.create(name="No report", token_id="ak-2", bills_in_plan=False)
    Deployment.objects.filter(slug="coder").update(account=other)
    Run.objects.filter(deployment__slug="coder").update(account=other)
    totals = bill_compare.compare_totals(NOVEMBER, Filter(), NOW)
    found = bill_compare.compare(NOVEMBER, Filter(), NOW)
    assert totals
    assert totals.counted_usd == found.counted_usd < Decimal(37) * 3 + 6
    assert all(row.deployment and row.deployment.slug == "glm" for row in found.rows)


def test_a_clock_that_was_moved_back_does_not_put_off_the_next_look(account: Account) -> None:
    account.bills_tried_at = NOW + timedelta(days=300)
    assert bills.due_at(account, NOW) <= NOW


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-5", "1E+20"])
def test_a_budget_of_the_provider_that_makes_no_sense_is_none(
    provider: FakeProvider, account: Account, text: str
) -> None:
    provider.account = AccountFacts("w", "main", Decimal(text), Decimal(text))
    assert bills.fetch(account, now=NOW) == ""
    (read,) = provider_budgets.of(Account.objects.all())
    assert (read.amount_usd, read.used_usd, read.percent) == (None, None, 0)

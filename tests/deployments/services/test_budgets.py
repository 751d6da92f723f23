"""A budget is hard: at the limit the server goes out and stays out until an admin raises it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core import mail

from deployments.models import Account, Action, Budget, Charge, Deployment, Lease, Run
from deployments.planning.power import Role
from deployments.services import (
    budget_requests,
    budget_round,
    budgets,
    delivering,
    requests,
    settle,
    spend,
    waking,
)
from deployments.services.budget_requests import Limit
from deployments.services.errors import Refused
from deployments.services.weights_requests import start_download

from .conftest import Panel, actor

HOUR = Decimal("37.461312")  # 8 H200, 8 cores, 96 GiB


@pytest.fixture
def admin(db: None) -> Any:
    return actor(Role.ADMIN, name="Anna")


def put(admin: Any, amount: str, *, scope: str = "panel", target: str = "", **more: Any) -> Budget:
    limit = Limit(scope, target, more.pop("period", "day"), "UTC", Decimal(amount), **more)
    return budget_requests.put(limit, actor=admin)


def a_round(panel: Panel) -> None:
    budget_round.go_round()
    panel.tick()


def refused(act: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        act()
    assert caught.value.code == "budget_exhausted"
    return caught.value


def test_a_start_that_its_budget_does_not_carry_is_refused(panel: Panel, admin: Any) -> None:
    put(admin, "2.80")  # a cold start is 275 s: 2.86
    said = refused(panel.start).message
    assert "The budget of a day for the whole panel does not carry this" in said
    assert "$2.86 of $2.80" in said
    assert not Lease.objects.exists()
    put(admin, "2.90")
    panel.start()
    refused(lambda: panel.start(until=panel.now + timedelta(hours=1)))  # reserved to its end: 37.46


def test_leases_reserve_to_their_end_and_shared_seconds_once(panel: Panel, admin: Any) -> None:
    put(admin, "40")
    panel.start(until=panel.now + timedelta(minutes=30))
    panel.start(actor(name="Ben"), until=panel.now + timedelta(minutes=60))  # half of it is reserved already
    budget = Budget.objects.get()
    assert budgets.standing(budget, panel.now).reserved_usd == HOUR
    refused(lambda: panel.start(until=panel.now + timedelta(minutes=66)))
    lease = Lease.objects.latest("id")
    refused(lambda: requests.extend(lease.pk, actor=actor(), until=panel.now + timedelta(hours=2)))


def test_only_what_lies_in_the_period_is_reserved(panel: Panel, admin: Any) -> None:
    put(admin, "40")
    panel.clock.move_to(panel.now.replace(hour=23, minute=30))
    Account.objects.update(seen_at=panel.now)
    panel.start(until=panel.now + timedelta(hours=20))
    assert budgets.standing(Budget.objects.get(), panel.now).reserved_usd == HOUR / 2


def test_at_the_limit_it_is_drained_put_out_and_stays_out(panel: Panel, admin: Any) -> None:
    put(admin, "6", grace_s=30)
    panel.light()
    panel.advance(240, step_s=20)
    a_round(panel)  # 2.86 for the boot, and about 3 since
    assert panel.state() == "ready"
    panel.advance(60, step_s=20)
    a_round(panel)
    panel.advance(120, step_s=5)
    run = panel.run()
    assert (panel.state(), run.end_reason) == ("asleep", "budget")
    assert Lease.objects.get().end_reason == "budget"
    over = (run.cost_usd or 0) - Decimal(6)
    # One round of this test (20 s), the drain (30 s), and a look.
    assert 0 < over < HOUR / 3600 * 90
    for act in (
        panel.start,
        lambda: waking.wake_for(panel.deployment.pk, actor=actor(name="key"), reason="chat"),
        lambda: start_download(panel.deployment, actor=actor()),
    ):
        assert "is spent" in refused(act).message
    put(admin, "20")
    assert panel.start()


def test_rounds_beyond_the_limit_tell_it_once(panel: Panel, admin: Any) -> None:
    put(admin, "1")
    Budget.objects.update(amount_usd=100)
    panel.light()
    Budget.objects.update(amount_usd=1)
    for _ in range(3):
        budget_round.go_round()
    assert Action.objects.filter(summary__contains="is put out").count() == 1
    panel.advance(300, step_s=20)
    budget_round.go_round()
    assert Action.objects.filter(summary__contains="is put out").count() == 1


def test_running_seconds_count_before_they_are_settled(panel: Panel, admin: Any) -> None:
    budget = put(admin, "100")
    panel.light()
    run = panel.run()
    assert run.started_at
    seconds = Decimal(str((panel.now - run.started_at).total_seconds()))
    exact = HOUR / 3600 * seconds
    assert budgets.standing(budget, panel.now).spent_usd == pytest.approx(exact, abs=Decimal("1e-6"))
    panel.advance(1300, step_s=60)
    before = budgets.standing(budget, panel.now).spent_usd
    settle.settle_ended(now=panel.now + timedelta(minutes=2))
    assert Charge.objects.exists()
    assert budgets.standing(budget, panel.now).spent_usd == pytest.approx(before, abs=Decimal("1e-6"))


def test_two_starts_at_the_limit_on_two_servers(panel: Panel, admin: Any) -> None:
    """The second sees what the first has reserved."""
    first = panel.deployment
    second = Deployment.objects.create(
        slug="second", name="Second", account=first.account, weights_present=True,
        config=first.config | {"app_name": "second"},
    )  # fmt: skip
    Account.objects.update(seen_at=panel.now)
    put(admin, "5")  # one cold start, not two
    panel.start()
    refused(lambda: requests.start(second, actor=actor(name="Ben"), until=None))
    assert Lease.objects.count() == 1


def test_a_deployments_budget_leaves_others_alone(panel: Panel, admin: Any) -> None:
    other = Deployment.objects.create(
        slug="other", name="Other", account=panel.deployment.account, weights_present=True,
        config=panel.deployment.config | {"app_name": "other"},
    )  # fmt: skip
    put(admin, "1", scope="deployment", target="other")
    assert "for Other" in refused(lambda: requests.start(other, actor=actor(), until=None)).message
    assert panel.start()


def test_a_persons_limit_refuses_only_them(panel: Panel, admin: Any) -> None:
    users = get_user_model().objects
    ben, anna = users.create_user("Ben"), users.create_user("Anna")
    panel.start(actor(name="Anna", user_id=anna.pk))
    panel.start(actor(name="Ben", user_id=ben.pk))
    panel.advance(320, step_s=20)
    put(admin, "1", scope="person", target=str(anna.pk))
    a_round(panel)
    assert {lease.holder_name: lease.end_reason for lease in Lease.objects.all()} == {
        "Anna": "budget", "Ben": "",
    }  # fmt: skip
    assert panel.state() == "ready"
    assert "for Anna" in refused(lambda: panel.start(actor(name="Anna", user_id=anna.pk))).message
    assert budgets.spent_out(panel.now) == budgets.SpentOut(users=frozenset({anna.pk}))
    assert budgets.spent_out(panel.now + timedelta(days=1)) == budgets.SpentOut()
    panel.start(actor(name="Ben", user_id=ben.pk))
    Lease.objects.filter(holder=ben).update(ended_at=panel.now, end_reason="idle")
    Lease.objects.filter(holder=anna).update(ended_at=None, end_reason="")
    a_round(panel)  # nobody else pays: it goes out
    panel.advance(200, step_s=10)
    assert panel.state() == "asleep"


def test_requests_are_read_once_for_all_people_of_a_round_and_again_once_their_run_is_settled(
    panel: Panel, admin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [get_user_model().objects.create_user(name) for name in ("Anna", "Ben", "Cleo")]
    rows = [put(admin, "500", scope="person", target=str(one.pk)) for one in people]
    panel.start(actor(name="Anna", user_id=people[0].pk))
    panel.advance(320, step_s=20)
    reads, read = [], spend.live
    monkeypatch.setattr(spend, "live", lambda *args: reads.append(1) or read(*args))
    budget_round.go_round()
    assert len(reads) == 1
    spent = [Budget.objects.get(pk=row.pk).spent_usd for row in rows]
    assert spent == [budgets.standing(row, panel.now).spent_usd for row in rows]
    assert spent[0] > spent[1] == 0
    Run.objects.update(ended_at=panel.now, end_reason="idle")
    live = budget_round._LiveOfPeople()
    assert live.at(panel.now).runs
    settle.settle_ended(now=panel.now + timedelta(minutes=2))
    assert not live.at(panel.now).runs


def test_who_moves_an_end_spends_from_the_budget_of_its_holder(panel: Panel, admin: Any) -> None:
    anna = get_user_model().objects.create_user("Anna")
    put(admin, "5", scope="person", target=str(anna.pk))
    lease = panel.start(actor(name="Anna", user_id=anna.pk))
    hour = panel.now + timedelta(hours=1)
    assert "for Anna" in refused(lambda: requests.extend(lease.pk, actor=actor(), until=hour)).message


def told(words: str) -> list[str]:
    return [message.subject for message in mail.outbox if words in message.subject]


def test_thresholds_are_told_once_by_record_and_mail(panel: Panel, admin: Any) -> None:
    boss = get_user_model().objects.create_user("boss", email="boss@example.org")
    boss.groups.add(Group.objects.get_or_create(name="Admin")[0])
    put(admin, "5")
    panel.light(step_s=20)  # about 3
    for _ in range(2):
        budget_round.go_round()
        delivering.deliver_due()
    assert {tuple(message.to) for message in mail.outbox} == {("boss@example.org",)}
    assert len(told("is at")) == len(told("At this pace")) == 1  # 3 of 5 dollars by nine in the morning
    panel.advance(120, step_s=20)
    budget_round.go_round()
    panel.advance(80, step_s=20)
    budget_round.go_round()
    delivering.deliver_due()
    assert len(told("is at")) == 3
    assert "stays out until an admin raises it" in mail.outbox[-1].body
    Budget.objects.update(warned_on=panel.now.date() - timedelta(days=1))  # a new period tells anew
    budget_round.go_round()
    delivering.deliver_due()
    assert (len(told("is at")), len(told("At this pace"))) == (4, 1)


def test_a_new_amount_is_forecast_anew(panel: Panel, admin: Any) -> None:
    put(admin, "10")
    Budget.objects.update(overrun_told_on=panel.now.date())
    assert put(admin, "20").overrun_told_on is None


def test_a_mail_server_that_is_away_keeps_nothing_lit(
    panel: Panel, admin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = get_user_model().objects.create_user("boss", email="boss@example.org")
    boss.groups.add(Group.objects.get_or_create(name="Admin")[0])
    put(admin, "100")
    panel.light()
    Budget.objects.update(amount_usd=1)

    def away(*args: object, **kwargs: object) -> None:
        raise OSError("connection refused")

    monkeypatch.setattr(delivering, "send_mail", away)
    a_round(panel)
    assert delivering.deliver_due() == 0
    assert panel.state() in ("stopping", "asleep")


def test_one_budget_that_fails_does_not_let_the_others_burn(
    panel: Panel, admin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = put(admin, "100"), put(admin, "100", period="week")
    panel.light()
    Budget.objects.update(amount_usd=1)
    count = budget_round.note

    def note(budget: Budget, now: Any, live: Any) -> Any:
        if budget.pk == first.pk:
            raise RuntimeError("bad row")
        return count(budget, now, live)

    monkeypatch.setattr(budget_round, "note", note)
    a_round(panel)
    assert panel.state() in ("stopping", "asleep")
    assert Budget.objects.get(pk=second.pk).warned_percent == 100


@pytest.mark.parametrize(
    ("limit", "field"),
    [
        (Limit("moon", "", "day", "UTC", Decimal(1)), "scope"),
        (Limit("panel", "", "year", "UTC", Decimal(1)), "period"),
        (Limit("deployment", "none", "day", "UTC", Decimal(1)), "target"),
        (Limit("person", "99999", "day", "UTC", Decimal(1)), "target"),
        (Limit("key", "x", "day", "UTC", Decimal(1)), "target"),
        (Limit("panel", "", "day", "Mars/Olympus", Decimal(1)), "time_zone"),
        (Limit("panel", "", "day", "UTC", Decimal(0)), "amount_usd"),
        (Limit("panel", "", "day", "UTC", Decimal(1), grace_s=9999), "grace_s"),
    ],
)
def test_what_makes_no_budget_is_refused_by_name(admin: Any, limit: Limit, field: str) -> None:
    with pytest.raises(Refused) as caught:
        budget_requests.put(limit, actor=admin)
    assert field in caught.value.fields
    assert not Budget.objects.exists()


def test_only_an_admin_sets_and_removes(admin: Any) -> None:
    budget = put(admin, "5")
    for act in (
        lambda: put(actor(Role.OPERATOR), "9"),
        lambda: budget_requests.remove(budget.pk, actor=actor(Role.OPERATOR)),
    ):
        with pytest.raises(Refused) as caught:
            act()
        assert caught.value.status == 403
    budget_requests.remove(budget.pk, actor=admin)
    budget_requests.remove(budget.pk, actor=admin)
    assert Action.objects.filter(verb="budget").count() == 2
    assert not Run.objects.exists()

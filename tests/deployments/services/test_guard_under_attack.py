"""The guard holds its limit, by the provider's own times, whatever is done to the panel around it."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from deployments.ledger.costs import seconds
from deployments.models import Account, Budget, Deploy, Deployment, Lease
from deployments.planning.power import Role
from deployments.services import budget_round, deploys, enqueue, requests, waking
from deployments.services.budgets import standing
from deployments.services.claims import Claim
from deployments.services.errors import Refused
from tests.deployments.pages.states import States

from .conftest import Panel, actor

USD_PER_S = Decimal("37.461312") / 3600  # 8 H200, 8 cores, 96 GiB
LIMIT, GRACE_S, PERIOD_S = Decimal("3.60"), 30, 10
CLIENTS = 50


def a_budget(now: datetime, amount: Decimal = LIMIT) -> Budget:
    return Budget.objects.create(
        scope="panel", period="month", amount_usd=amount, grace_s=GRACE_S, set_at=now, set_by_name="Anna"
    )


def billed(panel: Panel) -> Decimal:
    """What the provider bills, by its own clock."""
    told = [panel.provider.ended_container(run.container_id) for run in panel.deployment.runs.all()]
    ends = [(one.started_at, one.finished_at or panel.provider.clock()) for one in told if one is not None]
    return sum((seconds(start, end) for start, end in ends if start is not None), Decimal(0)) * USD_PER_S


@pytest.mark.parametrize(
    ("jump", "doubled"),
    [
        (timedelta(0), True),
        (timedelta(hours=-1), True),
        (timedelta(days=-40), False),
        (timedelta(hours=1), False),
    ],
)
def test_a_moved_clock_and_a_killed_worker_spend_nothing_beyond_the_grace(
    panel: Panel, jump: timedelta, doubled: bool
) -> None:
    """Busy without end, held until tomorrow; the worker dies with its claims, then the clock is moved."""
    truth = [timedelta(0)]
    panel.provider.clock = lambda: datetime.now(tz=UTC) + truth[0]
    panel.deliver_twice = doubled
    a_budget(panel.now)
    panel.light()
    panel.provider.begin_request(panel.app_name)
    for model, pk, name in (
        (Deployment, panel.deployment.pk, "reconcile"),
        (Account, panel.deployment.account_id, "observe"),
    ):
        assert Claim(model, pk, name).take()
    panel.clock.shift(jump)
    truth[0] -= jump
    for _ in range(50):
        if not panel.provider.containers():
            break
        panel.clock.shift(PERIOD_S)
        budget_round.go_round()
        if doubled:
            budget_round.go_round()
        panel.tick()
    assert panel.provider.containers() == []
    # One period until it is counted, one until the order is carried out.
    assert billed(panel) <= LIMIT + USD_PER_S * (GRACE_S + 2 * PERIOD_S)
    if timedelta(days=-1) < jump <= timedelta(0):  # else another month runs by that clock
        with pytest.raises(Refused) as caught:
            panel.start()
        assert caught.value.code == "budget_exhausted"


def test_a_deploy_of_a_dead_worker_is_nobodys_when_the_clock_is_moved_back(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*args: object) -> None:
        raise Killed

    panel.start()
    with monkeypatch.context() as patch:
        patch.setattr(deploys, "_done", die)
        with pytest.raises(Killed):
            panel.tick()
    panel.queue.clear()
    panel.clock.shift(timedelta(hours=-1))
    requests.turn_off(panel.deployment, actor=actor(), force=True)
    panel.advance(60)
    assert panel.provider.find_app(panel.app_name) is None
    assert not Deploy.objects.filter(status__in=["pending", "running"]).exists()


def test_fifty_clients_at_the_limit_reserve_what_the_budget_carries_and_no_more(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has its own connection; half of them start and half chat, at one of two servers."""
    monkeypatch.setattr(enqueue, "_after_commit", lambda *args, **kwargs: None)
    states = States(timezone.now())
    rows = [states.asleep(), states.off()]
    Account.objects.update(seen_at=timezone.now(), blind_since=None)
    budget = a_budget(timezone.now(), Decimal(4))  # a cold start is $2.86: one server, not two
    acts: list[Callable[[], object]] = [
        (lambda row=row, n=n: _ask(row, n)) for n, row in enumerate(rows * (CLIENTS // 2))
    ]
    refused = _together(acts)
    held = Lease.objects.filter(ended_at__isnull=True)
    assert len({lease.deployment_id for lease in held}) == 1
    assert standing(budget, timezone.now()).fits
    assert refused == ["budget_exhausted"] * (CLIENTS - held.count())


def _ask(row: Deployment, n: int) -> object:
    who = actor(Role.OPERATOR, name=f"client {n}")
    if n % 4 < 2:
        return requests.start(row, actor=who, until=None)
    return waking.wake_for(row.pk, actor=who, reason="chat")


def _together(acts: list[Callable[[], Any]]) -> list[str]:
    """Run the acts at the same instant; the codes of those that were refused."""
    line, refused = threading.Barrier(len(acts)), list[str]()

    def run(act: Callable[[], Any]) -> None:
        try:
            line.wait()
            act()
        except Refused as error:
            refused.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused

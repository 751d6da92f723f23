"""Ended runs are put down to people and keys, once, to the micro-dollar."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth import get_user_model

from deployments.ledger.charges import usd
from deployments.ledger.window import Window
from deployments.models import Account, Cause, Charge, Download, Lease, Phase, Price, Run
from deployments.pages.dollars import shares as shares_of_run
from deployments.pages.waterfall import waterfall
from deployments.services import settle, spend
from deployments.services.runs import run_of
from deployments.services.spend import Filter
from gateway.models import ApiKey, UsageRecord

from .conftest import Panel

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(db: None) -> dict[str, Any]:
    users = get_user_model().objects
    return {name: users.create_user(name, first_name=name) for name in ("Anna", "Ben")}


def a_key(owner: Any, now: datetime, **more: Any) -> ApiKey:
    return ApiKey.objects.create(
        owner=owner,
        name="laptop",
        prefix="pl_1",
        secret_hash=f"{owner.pk}{sorted(more)}",
        created_at=now,
        **more,
    )


def a_run(panel: Panel, *, lit_s: float = 1200, lease: Lease | None = None, **more: Any) -> Run:
    """275 s of boot, then lit; ended two minutes ago."""
    ended_at = panel.now - timedelta(minutes=2)
    started_at = ended_at - timedelta(seconds=275 + lit_s)
    fields = {
        "ready_at": started_at + timedelta(seconds=275), "cause": Cause.LEASE, "end_reason": "idle",
        "ended_at": ended_at, "started_at": started_at, "first_seen_at": started_at,
    }  # fmt: skip
    number = Run.objects.count() + 1
    return Run.objects.create(
        account=panel.deployment.account, deployment=panel.deployment, number=number,
        container_id=f"ta-{number}", lease=lease, **(fields | more),
    )  # fmt: skip


def a_lease(panel: Panel, holder: Any, **more: Any) -> Lease:
    more = {"created_at": panel.now - timedelta(hours=2), "ended_at": panel.now, "end_reason": "idle"} | more
    return Lease.objects.create(
        deployment=panel.deployment, holder=holder, holder_name=holder.first_name, via="page", **more
    )


def a_request(panel: Panel, run: Run, owner: Any, *, after_s: float, length_s: float, **more: Any) -> None:
    assert run.ready_at
    UsageRecord.objects.create(
        request_id=f"r{UsageRecord.objects.count()}", deployment_id=run.deployment_id, user=owner,
        path=more.pop("path", "/v1/chat/completions"),
        status=200, duration_s=length_s, outcome=more.pop("outcome", "ok"),
        started_at=run.ready_at + timedelta(seconds=after_s), **more,
    )  # fmt: skip


def shares() -> dict[tuple[str, int | None], Decimal]:
    """Dollars by name and key."""
    found: dict[tuple[str, int | None], Decimal] = {}
    for row in Charge.objects.all():
        parts = row.boot_micro_usd + row.use_micro_usd + row.idle_micro_usd
        found[row.who, row.key_id] = found.get((row.who, row.key_id), Decimal(0)) + usd(parts)
    return found


def test_what_was_asked_of_it_is_use_from_the_end_of_the_run_on(panel: Panel, people: dict[str, Any]) -> None:
    panel.light()
    panel.advance(60)
    a_request(panel, panel.run(), people["Anna"], after_s=5, length_s=0.4, completion_tokens=9)
    panel.advance(1200, step_s=60)
    run = panel.run()
    assert (run.settled_at, run.busy_s) == (None, 0.0), "nobody saw it busy, and it is not settled yet"
    assert run.use_usd
    before = (run.boot_usd, run.use_usd, run.idle_usd, run.cost_usd)
    settle.settle_ended(now=panel.now + timedelta(minutes=2))
    run = panel.run()
    assert (run.boot_usd, run.use_usd, run.idle_usd, run.cost_usd) == before


def test_a_run_is_put_down_to_who_woke_and_who_used_it(panel: Panel, people: dict[str, Any]) -> None:
    run = a_run(panel, lease=a_lease(panel, people["Anna"]))
    key = a_key(people["Ben"], panel.now)
    a_request(panel, run, people["Ben"], after_s=300, length_s=100, key=key, completion_tokens=900)
    assert settle.settle_ended() == 1
    run.refresh_from_db()
    # A second costs 8 x 0.001261 + 8 x 0.0000131 + 96 x 0.00000222; Anna has 275 + 300, Ben 100 + 800.
    second = run.cost_usd / 1475 if run.cost_usd else Decimal(0)
    found = shares()
    assert set(found) == {("Anna", None), ("Ben", key.pk)}
    assert found["Anna", None] == pytest.approx(second * 575, abs=Decimal("0.000002"))
    assert sum(found.values()) == run.cost_usd
    assert run.boot_usd + run.use_usd + run.idle_usd == run.cost_usd
    assert run_of(panel.deployment, run.pk).use_usd == pytest.approx(second * 100, abs=Decimal("0.000002"))


@pytest.mark.parametrize(("asked_after_s", "boot_s"), [(None, 315), (10, 285)])
def test_every_page_says_the_same_boot_of_a_run_that_was_used_while_it_was_warmed_up(
    panel: Panel, people: dict[str, Any], asked_after_s: float | None, boot_s: int
) -> None:
    run = a_run(panel)
    assert run.ready_at
    assert run.started_at
    Phase.objects.create(run=run, name="container", started_at=run.started_at)
    Run.objects.update(warm_up_at=run.ready_at, warmed_at=run.ready_at + timedelta(seconds=40))
    if asked_after_s is not None:
        a_request(panel, run, people["Ben"], after_s=asked_after_s, length_s=100)
    before = run_of(panel.deployment, run.pk)
    settle.settle_ended()
    after, falls = run_of(panel.deployment, run.pk), waterfall(run_of(panel.deployment, run.pk), Decimal(0))
    bar, expected = shares_of_run(after), after.cost_usd / 1475 * boot_s
    assert bar
    assert falls
    for told in (before.boot_usd, after.boot_usd, falls.sum_usd, bar.parts[0].usd):
        assert told == pytest.approx(expected, abs=Decimal("0.00001"))
    assert (falls.sum_label, falls.lanes[-1].label) == ("Until warmed up", "Warm-up requests")


def test_settling_twice_changes_nothing(panel: Panel) -> None:
    a_run(panel)
    assert [settle.settle_ended(), settle.settle_ended()] == [1, 0]
    once = Charge.objects.count()
    Run.objects.update(settled_at=None)
    run = Run.objects.get()
    Run.objects.update(settled_at=panel.now)  # another process was first
    assert settle._settle([run], {run.pk: []}, {}, panel.now) == 0
    assert Charge.objects.count() == once


def test_a_run_that_has_just_ended_waits_for_its_usage(panel: Panel) -> None:
    a_run(panel, ended_at=panel.now - timedelta(seconds=30))
    assert settle.settle_ended() == 0
    assert settle.settle_ended(now=panel.now + timedelta(seconds=31)) == 1


def test_a_run_without_a_price_is_settled_when_there_is_one(panel: Panel) -> None:
    a_run(panel)
    Price.objects.filter(resource="memory").delete()
    assert settle.settle_ended() == 0
    Price.objects.create(
        resource="memory", usd_per_s=Decimal("0.00000222"), source="test", checked_on=panel.now.date(),
        effective_from=panel.now - timedelta(days=2),
    )  # fmt: skip
    assert settle.settle_ended() == 1


def test_time_spent_waiting_and_refused_requests_are_no_use(panel: Panel, people: dict[str, Any]) -> None:
    run = a_run(panel)
    a_request(panel, run, people["Ben"], after_s=-100, length_s=150, waited_s=100)
    a_request(panel, run, people["Anna"], after_s=600, length_s=60, outcome="refused")
    a_request(panel, run, people["Anna"], after_s=600, length_s=60, path="/v1/messages/count_tokens")
    settle.settle_ended()
    run.refresh_from_db()
    assert run.use_usd
    assert run.cost_usd
    assert run.use_usd == pytest.approx(run.cost_usd / 1475 * 50, abs=Decimal("0.000002"))


def test_the_playgrounds_own_tokens_are_no_keys(panel: Panel, people: dict[str, Any]) -> None:
    token = a_key(people["Ben"], panel.now, internal=True, expires_at=panel.now + timedelta(hours=1))
    run = a_run(panel, lease=a_lease(panel, people["Ben"], key_id=token.pk))
    a_request(panel, run, people["Ben"], after_s=10, length_s=5, key=token)
    settle.settle_ended()
    assert set(shares()) == {("Ben", None)}


def test_a_run_from_outside_is_nobodys(panel: Panel) -> None:
    a_run(panel, cause=Cause.OUTSIDE)
    settle.settle_ended()
    assert set(shares()) == {("", None)}


def test_a_download_is_of_who_asked_for_it(panel: Panel) -> None:
    Download.objects.create(
        deployment=panel.deployment, requested_by="Anna", created_at=panel.now - timedelta(hours=3)
    )
    a_run(panel, cause=Cause.DOWNLOAD, ready_at=None)
    settle.settle_ended()
    assert set(shares()) == {("Anna", None)}


def test_keeping_warm_is_counted_within_idle(panel: Panel, people: dict[str, Any]) -> None:
    until = panel.now - timedelta(seconds=420)
    a_run(panel, lease=a_lease(panel, people["Anna"], until=until, ended_at=until, end_reason="until"))
    settle.settle_ended()
    kept = sum(row.kept_micro_usd for row in Charge.objects.all())
    assert 0 < kept < sum(row.idle_micro_usd for row in Charge.objects.all())


def test_a_pinned_region_costs_what_the_account_says(panel: Panel) -> None:
    run = a_run(panel)
    settle.settle_ended()
    plain = Run.objects.get(pk=run.pk).cost_usd
    config = panel.deployment.config | {"region": "eu-west"}
    type(panel.deployment).objects.update(config=config)
    Account.objects.update(region_factor=Decimal("1.5"))
    pinned = a_run(panel)
    settle.settle_ended()
    assert plain
    assert Run.objects.get(pk=pinned.pk).cost_usd == pytest.approx(
        plain * Decimal("1.5"), abs=Decimal("1e-6")
    )


def test_a_live_run_ends_settled(panel: Panel) -> None:
    panel.light()
    panel.advance(1300, step_s=60)
    assert settle.settle_ended(now=panel.now + timedelta(minutes=2)) == 1
    run = panel.run()
    assert {row.who for row in Charge.objects.all()} == {"Ada"}
    assert sum(row.gpu_micro_usd for row in Charge.objects.all()) == (run.gpu_usd or 0) * 1_000_000


def test_what_is_lit_is_counted_before_what_waits_for_its_charges(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spend, "_MOST_LIVE", 1)
    lit = a_run(panel, ended_at=None, end_reason="", lit_s=36000)
    a_run(panel)
    found = spend.live(
        Window.between(panel.now - timedelta(days=1), panel.now, ZoneInfo("UTC")), Filter(), panel.now
    )
    assert [run.pk for run in found.runs] == [lit.pk]

"""Two acts at the same moment: each ends as if one had come after the other, and nothing is left lit."""

import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from deployments import public
from deployments.models import Account, Budget, Deployment, Download, Lease, Run
from deployments.planning.power import Role
from deployments.planning.presets import PRESETS
from deployments.providers.base import ProviderError
from deployments.services import (
    budgets,
    deploys,
    enqueue,
    frozen,
    loading,
    observe,
    reconcile,
    releases,
    requests,
)
from deployments.services.claims import Claim, LostClaim
from deployments.services.errors import Refused

from .conftest import Panel, actor

DIED = "pilotlight: engine exited code=1 after=300.0s"


class Killed(BaseException):
    """The worker is gone."""


def _die(*args: object, **kwargs: object) -> None:
    raise Killed


def test_a_server_that_nobody_looks_at_is_not_called_ready(panel: Panel) -> None:
    panel.light()
    assert public.routes()[0].state == "ready"
    panel.skip(60)
    assert public.routes()[0].state == "unknown"
    assert panel.state() == "unknown"


def test_a_start_after_an_engines_death_is_not_lost(panel: Panel) -> None:
    panel.light()
    panel.provider.restarts_crashed = False
    panel.provider.add_log(panel.app_name, DIED, container_id=panel.run().container_id)
    panel.clock.shift(2)
    observe.observe(panel.deployment.account_id, force=True)
    reconcile.reconcile(panel.deployment.pk)
    assert panel.deployment.breaker_opened_at is not None
    panel.clock.shift(1)
    lease = panel.start()
    panel.advance(60, step_s=5)
    lease.refresh_from_db()
    assert lease.ended_at is None
    assert panel.deployment.breaker_opened_at is None


def test_an_unreadable_log_blinds_nothing_and_a_run_still_ends(panel: Panel) -> None:
    panel.light()
    other = PRESETS["glm-5-2-fp8"].to_json() | {"app_name": "other"}
    account = panel.deployment.account
    Deployment.objects.create(slug="zz", name="ZZ", account=account, config=other, weights_present=True)
    panel.provider.fail_next("logs", ProviderError("App ap-1 not found", permanent=True), times=1000)
    panel.advance(1300, step_s=60)
    account.refresh_from_db()
    assert account.blind_since is None
    assert Deployment.objects.get(slug="zz").observed_at == panel.now
    assert panel.run().end_reason == "idle"


def test_a_member_cannot_undo_a_turn_off_under_way(panel: Panel) -> None:
    panel.light()
    requests.turn_off(panel.deployment, actor=actor(), force=True)
    with pytest.raises(Refused) as caught:
        panel.start(actor(Role.MEMBER, name="Mem"))
    assert caught.value.code == "not_allowed"


def test_an_extension_in_the_last_second_counts(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = panel.light(until=panel.now + timedelta(seconds=1000))
    panel.advance((lease.until - panel.now).total_seconds() - 5, step_s=60)
    later = panel.now + timedelta(hours=1)
    decide = reconcile.decide

    def extended_meanwhile(facts: Any) -> Any:
        steps = decide(facts)
        monkeypatch.setattr(reconcile, "decide", decide)
        Lease.objects.filter(pk=lease.pk).update(until=later)
        return steps

    panel.clock.shift(6)
    observe.observe(panel.deployment.account_id, force=True)
    monkeypatch.setattr(reconcile, "decide", extended_meanwhile)
    reconcile.reconcile(panel.deployment.pk)
    lease.refresh_from_db()
    assert (lease.ended_at, lease.until) == (None, later)
    assert panel.deployment.stop_kind == ""


def test_a_rollback_never_leaves_the_app_it_came_from_behind(panel: Panel) -> None:
    admin = actor(Role.ADMIN)
    releases.create_release(panel.deployment, actor=admin)
    releases.save_config(
        panel.deployment, actor=admin, config=panel.deployment.config | {"app_name": "second"}
    )
    releases.create_release(panel.deployment, actor=admin)
    panel.light()
    with pytest.raises(Refused) as caught:
        releases.rollback(panel.deployment, 1, actor=admin)
    assert "config.app_name" in caught.value.fields


def test_an_app_that_a_dying_deploy_left_is_turned_off_too(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(deploys, "_done", _die)
        panel.start()
        with pytest.raises(Killed):
            panel.tick()
    panel.queue.clear()
    requests.turn_off(panel.deployment, actor=actor(), force=True)
    panel.advance(120)
    assert panel.provider.find_app(panel.app_name) is None
    assert panel.state() == "off"


def test_a_deploy_that_ends_while_facts_are_read_is_not_repeated(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second one of the same release would end the container that the first one's wake has just lit."""
    panel.start()
    observe.observe(panel.deployment.account_id, force=True)
    reconcile.reconcile(panel.deployment.pk)
    torn = loading.loaded(panel.deployment.pk, panel.now)
    assert (torn.app_id, len(torn.open_deploys)) == ("", 1)
    panel.work()
    torn.open_deploys = []  # read a moment later than the row of the deployment
    with monkeypatch.context() as patch:
        patch.setattr(reconcile, "loaded", lambda *_: torn)
        reconcile.reconcile(panel.deployment.pk)
    assert panel.deployment.app_id
    assert panel.deployment.deploys.count() == 1


def test_archiving_waits_until_nothing_can_come_any_more(panel: Panel) -> None:
    panel.start()
    with pytest.raises(Refused) as caught:
        releases.archive(panel.deployment, actor=actor(Role.ADMIN))
    assert caught.value.code == "not_off"


def test_a_download_seen_while_it_queues_is_no_server(panel: Panel) -> None:
    panel.provider.weights.clear()
    panel.provider.queue_s = 5
    Deployment.objects.update(weights_present=None, weights_checked_at=None)
    panel.tick()
    requests.start_download(panel.deployment, actor=actor())
    panel.advance(60, step_s=2)
    assert Run.objects.get().cause == "download"


def test_a_freeze_cancels_a_download_that_has_not_begun(panel: Panel) -> None:
    panel.provider.weights.clear()
    Deployment.objects.update(weights_present=None, weights_checked_at=None)
    panel.tick()
    requests.start_download(panel.deployment, actor=actor())
    frozen.freeze(actor=actor())
    panel.advance(60)
    assert Download.objects.get().status == "cancelled"
    assert panel.provider.call_log.count("start_download") == 0


def test_a_clock_that_is_ahead_loses_no_log_line(panel: Panel) -> None:
    panel.provider.clock = lambda: timezone.now() - timedelta(seconds=90)
    panel.light()
    assert panel.run().log_lines.filter(text__contains="startup complete").exists()


def test_a_second_boot_counts_even_where_clocks_differ(panel: Panel) -> None:
    panel.provider.clock = lambda: timezone.now() - timedelta(seconds=90)
    panel.start()
    panel.advance(150)
    panel.provider.kill_container(panel.run().container_id)
    panel.advance(60)
    assert panel.state() == "failed"
    assert panel.provider.containers() == []


def test_a_teams_own_weights_secret_is_left_alone(panel: Panel) -> None:
    panel.provider.secrets["huggingface"] = {"HF_TOKEN": "theirs"}
    panel.light()
    assert panel.provider.secrets["huggingface"] == {"HF_TOKEN": "theirs"}
    assert "VLLM_API_KEY" in panel.provider.secrets["vllm-api-key"]


def test_a_lost_claim_is_noticed_before_the_next_call_and_never_given_back(panel: Panel) -> None:
    slow = Claim(Deployment, panel.deployment.pk, "reconcile")
    assert slow.take()
    panel.clock.shift(46)
    quick = Claim(Deployment, panel.deployment.pk, "reconcile")
    assert quick.take()
    with pytest.raises(LostClaim):
        slow.renew()
    slow.release()
    assert not Claim(Deployment, panel.deployment.pk, "reconcile").take()


def test_the_claim_of_a_killed_process_is_free_at_once(panel: Panel) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    held = Claim(Deployment, panel.deployment.pk, "reconcile")
    assert held.take()
    token = panel.deployment.reconcile_claim.split("-")
    Deployment.objects.update(reconcile_claim="-".join([token[0], str(gone.pid), token[2]]))
    assert Claim(Deployment, panel.deployment.pk, "reconcile").take()
    assert not Claim(Deployment, panel.deployment.pk, "reconcile").take()


def test_a_page_of_a_lit_server_stands_without_a_price(panel: Panel) -> None:
    from deployments.models import Price

    panel.light()
    Price.objects.all().delete()
    assert panel.state() == "ready"
    assert panel.status().cost_so_far_usd == 0


def test_a_start_without_a_price_is_refused(panel: Panel) -> None:
    from deployments.models import Price

    Price.objects.filter(resource="gpu:H200").delete()
    with pytest.raises(Refused) as caught:
        panel.start()
    assert caught.value.code == "price_missing"
    assert not Lease.objects.exists()


@pytest.fixture
def lit(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """A lit deployment whose rows are really committed, for tests with two connections."""
    monkeypatch.setattr(enqueue, "_after_commit", lambda *args, **kwargs: None)
    account = Account.objects.create(name="Fake", seen_at=timezone.now())
    return Deployment.objects.create(
        slug="lit", name="Lit", account=account, config=PRESETS["glm-5-2-fp8"].to_json(), wanted="on",
        weights_present=True, app_id="ap-1", endpoint_url="https://example.invalid",
    )  # fmt: skip


def _together(*acts: Callable[[], object]) -> None:
    """Run the acts at the same instant, each on its own connection."""
    line = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> None:
        try:
            line.wait()
            act()
        except Refused:
            pass  # which of two comes second is open; it may be refused
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("attempt", range(3))
def test_two_last_leases_given_back_at_once_put_it_out(lit: Deployment, attempt: int) -> None:
    releases.ensure_release(lit, actor())
    now = timezone.now()
    Run.objects.create(
        account=lit.account, deployment=lit, number=1, container_id="ta-1", cause="lease", first_seen_at=now,
        started_at=now, ready_at=now,
    )  # fmt: skip
    leases = [Lease.objects.create(deployment=lit, holder_name=n, via="page", created_at=now) for n in "AB"]
    _together(*(lambda pk=lease.pk: requests.give_back(pk, actor=actor()) for lease in leases))
    lit.refresh_from_db()
    assert not Lease.objects.filter(ended_at__isnull=True).exists()
    assert lit.stop_kind == "sleep"


@pytest.mark.parametrize("attempt", range(3))
def test_a_start_and_a_turn_off_at_once_leave_no_lease_on_what_is_off(lit: Deployment, attempt: int) -> None:
    until = timezone.now() + timedelta(hours=8)
    _together(
        lambda: requests.start(lit, actor=actor(name="Ada"), until=until),
        lambda: requests.turn_off(lit, actor=actor(name="Ben"), force=True),
    )
    lit.refresh_from_db()
    held = Lease.objects.filter(ended_at__isnull=True).exists()
    assert held == (lit.wanted == "on")


@pytest.mark.parametrize("attempt", range(3))
def test_a_start_and_a_freeze_at_once_leave_nothing_held(lit: Deployment, attempt: int) -> None:
    _together(
        lambda: requests.start(lit, actor=actor(), until=None),
        lambda: frozen.freeze(actor=actor()),
    )
    lit.refresh_from_db()
    assert not Lease.objects.filter(ended_at__isnull=True).exists()
    assert (lit.wanted, lit.stop_kind) == ("off", "off")


@pytest.mark.parametrize("attempt", range(3))
def test_many_starts_at_a_budgets_limit_light_one_server(lit: Deployment, attempt: int) -> None:
    """A cold start of 275 s is $2.86: the budget carries one, and whoever comes second sees it reserved."""
    other = Deployment.objects.create(
        slug="other", name="Other", account=lit.account, config=lit.config | {"app_name": "other"},
        wanted="on", weights_present=True, app_id="ap-2", endpoint_url="https://other.invalid",
    )  # fmt: skip
    Budget.objects.create(scope="panel", period="day", amount_usd=5, set_at=timezone.now(), set_by_name="Ada")
    starts = [
        lambda row=row, n=n: requests.start(row, actor=actor(name=f"P{n}"), until=None)
        for n, row in enumerate([lit, other] * 3)
    ]
    _together(*starts)
    held = Lease.objects.filter(ended_at__isnull=True)
    assert len({lease.deployment_id for lease in held}) == 1
    assert budgets.standing(Budget.objects.get(), timezone.now()).fits

"""Waking for a request at the gateway: one lease for each holder, one wake, and its end told."""

from datetime import timedelta
from typing import Any

import pytest

from deployments import public
from deployments.models import Account, Action, Deployment, InFlight, Lease, Price, Run, Wake
from deployments.planning.power import ROLE_SCOPES, Actor, Role, Scope, Via
from deployments.services import breaker, frozen, reconcile, releases, requests
from deployments.services.errors import Refused
from deployments.services.waking import lease_ended, wake_for

from .conftest import Panel, actor
from .test_races import _together, lit

__all__ = ["lit"]  # a fixture


@pytest.fixture
def people(django_user_model: Any, db: None) -> list[int]:
    return [django_user_model.objects.create_user(name).pk for name in ("anna", "ben")]


def by_key(user_id: int, name: str = "Anna", *, role: Role = Role.MEMBER, key_id: int = 7) -> Actor:
    """Somebody's key at the gateway."""
    return Actor(user_id=user_id, name=name, scopes=ROLE_SCOPES[role], via=Via.GATEWAY, key_id=key_id)


def ask(panel: Panel, who: Actor) -> public.Waking:
    return wake_for(panel.deployment.pk, actor=who, reason="a request")


@pytest.fixture
def sleeping(panel: Panel) -> Panel:
    """It is deployed, and nothing is lit."""
    release = releases.ensure_release(panel.deployment, actor())
    Account.objects.update(seen_at=panel.now)
    Deployment.objects.update(
        wanted="on", live_release=release, app_id="ap-1", endpoint_url="https://example.invalid",
        observed_at=panel.now,
    )  # fmt: skip
    assert panel.state() == "asleep"
    return panel


def test_request_lights_it_under_a_lease_until_idle(sleeping: Panel, people: list[int]) -> None:
    waking = ask(sleeping, by_key(people[0]))
    lease = Lease.objects.get(pk=waking.lease_id)
    assert (lease.holder_id, lease.holder_name, lease.key_id, lease.via) == (people[0], "Anna", 7, "gateway")
    assert (lease.until, lease.reason) == (None, "a request")
    assert 0 < waking.ready_p50_s <= waking.ready_p90_s
    assert Action.objects.filter(verb="start", actor_name="Anna").count() == 1
    assert sleeping.state() == "waking"


def test_requests_of_one_person_share_a_lease_whatever_their_keys(sleeping: Panel, people: list[int]) -> None:
    leases = {ask(sleeping, by_key(people[0], key_id=key)).lease_id for key in (7, 8, 7)}
    assert len(leases) == 1
    assert ask(sleeping, by_key(people[1], "Ben")).lease_id not in leases
    reconcile.reconcile(sleeping.deployment.pk)
    assert Wake.objects.filter(status__in=["requested", "sent"]).count() == 1


def test_lease_until_a_time_is_no_lease_until_idle(sleeping: Panel, people: list[int]) -> None:
    who = by_key(people[0], role=Role.OPERATOR)
    timed = sleeping.start(who, until=sleeping.now + timedelta(hours=1))
    assert ask(sleeping, who).lease_id != timed.pk


def test_lease_whose_server_went_out_lights_nothing_more(sleeping: Panel, people: list[int]) -> None:
    first = ask(sleeping, by_key(people[0]))
    sleeping.clock.shift(900)
    Account.objects.update(seen_at=sleeping.now)
    Run.objects.create(  # seen gone; the next round ends the lease
        account=sleeping.deployment.account, deployment=sleeping.deployment, number=1, container_id="ta-1",
        cause="lease", first_seen_at=sleeping.now - timedelta(seconds=800), ended_at=sleeping.now,
        end_reason="idle",
    )  # fmt: skip
    assert ask(sleeping, by_key(people[0])).lease_id != first.lease_id


def test_nobody_who_waits_is_told_of_a_lease_that_stands(sleeping: Panel, people: list[int]) -> None:
    assert lease_ended(ask(sleeping, by_key(people[0])).lease_id) is None


def test_member_wakes_what_sleeps_and_not_what_is_off(panel: Panel, people: list[int]) -> None:
    with pytest.raises(Refused) as refused:
        ask(panel, by_key(people[0]))
    assert refused.value.code == "not_allowed"
    assert ask(panel, by_key(people[0], role=Role.OPERATOR)).lease_id


def test_key_without_the_scope_wakes_nothing(sleeping: Panel, people: list[int]) -> None:
    reader = Actor(people[0], "Anna", frozenset({Scope.READ, Scope.CHAT}), Via.GATEWAY, key_id=7)
    with pytest.raises(Refused):
        ask(sleeping, reader)
    assert not Lease.objects.filter(ended_at__isnull=True).exists()


def test_request_on_its_way_does_not_undo_a_sleep(sleeping: Panel, people: list[int]) -> None:
    ask(sleeping, by_key(people[0]))
    reconcile.reconcile(sleeping.deployment.pk)
    requests.sleep(sleeping.deployment, actor=actor(), force=True)
    with pytest.raises(Refused) as refused:
        ask(sleeping, by_key(people[1], "Ben"))
    assert (refused.value.code, refused.value.status) == ("stopping", 503)
    assert not Lease.objects.filter(ended_at__isnull=True).exists()


def _freeze(panel: Panel) -> None:
    frozen.freeze(actor=actor())


def _blind(panel: Panel) -> None:
    Account.objects.update(blind_since=panel.now - timedelta(seconds=90))


def _priceless(panel: Panel) -> None:
    Price.objects.filter(resource="gpu:H200").delete()


def _weightless(panel: Panel) -> None:
    Deployment.objects.update(weights_present=False)


def _broken(panel: Panel) -> None:
    Deployment.objects.update(breaker_opened_at=panel.now, breaker_reason="boot_died", breaker_text="a\nOOM")


def _archived(panel: Panel) -> None:
    Deployment.objects.update(archived_at=panel.now)


@pytest.mark.parametrize(
    ("obstacle", "code"),
    [
        (_freeze, "frozen"),
        (_blind, "blind"),
        (_priceless, "price_missing"),
        (_weightless, "weights_absent"),
        (_broken, "failed"),
        (_archived, "not_found"),
    ],
)
def test_what_forbids_a_start_is_found_before_anything_is_lit(
    sleeping: Panel, people: list[int], obstacle: Any, code: str
) -> None:
    obstacle(sleeping)
    before = Lease.objects.count()
    with pytest.raises(Refused) as refused:
        ask(sleeping, by_key(people[0], role=Role.ADMIN))
    assert refused.value.code == code
    assert Lease.objects.count() == before
    assert code != "failed" or refused.value.message.endswith("The engine died before it was ready: OOM")


@pytest.mark.parametrize(
    ("act", "reason", "words"),
    [
        (lambda p: requests.sleep(p.deployment, actor=actor(name="Ben"), force=True), "slept", "Ben"),
        (lambda p: requests.turn_off(p.deployment, actor=actor(name="Ben"), force=True), "turned_off", "Ben"),
        (lambda p: frozen.freeze(actor=actor(name="Ben")), "frozen", "Ben"),
    ],
)
def test_who_put_it_out_is_told(
    sleeping: Panel, people: list[int], act: Any, reason: str, words: str
) -> None:
    waking = ask(sleeping, by_key(people[0]))
    act(sleeping)
    ended = lease_ended(waking.lease_id)
    assert ended is not None
    assert ended.reason == reason
    assert words in ended.words


def test_failed_start_tells_its_reason(sleeping: Panel, people: list[int]) -> None:
    waking = ask(sleeping, by_key(people[0]))
    breaker.open_breaker(sleeping.deployment, reason="boot_died", run_id=None, now=sleeping.now, text="OOM")
    ended = lease_ended(waking.lease_id)
    assert ended is not None
    assert (ended.reason, ended.words) == (
        "failed",
        "The start of GLM-5.2 FP8 failed. The engine died before it was ready: OOM",
    )


def _waits(panel: Panel, who: str, count: int) -> None:
    InFlight.objects.create(
        process=f"gw-{who}", deployment=panel.deployment, holder_name=who, count=0, waiting=count,
        updated_at=panel.now,
    )  # fmt: skip


def test_who_waits_is_shown_and_is_no_use(sleeping: Panel, people: list[int]) -> None:
    ask(sleeping, by_key(people[0]))
    _waits(sleeping, "Ben", 2)
    shown = sleeping.status()
    assert (shown.in_flight, shown.in_flight_by, shown.waiting) == (0, (), 2)
    assert [str(waiting) for waiting in shown.waiting_by] == ["Ben (2 requests)"]
    assert shown.sentence.lead == "Waking for Anna and 2 waiting requests."


def test_putting_it_out_while_others_wait_names_them(sleeping: Panel, people: list[int]) -> None:
    ask(sleeping, by_key(people[0]))
    _waits(sleeping, "Ben", 2)
    with pytest.raises(Refused) as refused:
        requests.sleep(sleeping.deployment, actor=by_key(people[0]))
    assert (refused.value.code, refused.value.fields) == ("in_use", {"in_use_by": ["Ben"]})


@pytest.mark.parametrize("attempt", range(3))
def test_many_requests_at_once_make_one_lease_for_each_holder_and_one_wake(
    lit: Deployment, django_user_model: Any, attempt: int
) -> None:
    release = releases.ensure_release(lit, actor())
    Deployment.objects.update(live_release=release)
    users = [django_user_model.objects.create_user(name).pk for name in ("anna", "ben")]
    made: list[int] = []

    def one(user_id: int) -> None:
        made.append(wake_for(lit.pk, actor=by_key(user_id, str(user_id)), reason="a request").lease_id)

    _together(*(lambda user_id=user_id: one(user_id) for user_id in users * 6))
    assert len(made) == 12
    assert len(set(made)) == Lease.objects.filter(ended_at__isnull=True).count() == 2
    _together(*(lambda: reconcile.reconcile(lit.pk) for _ in range(4)))
    assert Wake.objects.count() == 1


@pytest.mark.parametrize("attempt", range(3))
def test_request_and_freeze_at_once_leave_nothing_held(
    lit: Deployment, django_user_model: Any, attempt: int
) -> None:
    user_id = django_user_model.objects.create_user("anna").pk
    _together(
        lambda: wake_for(lit.pk, actor=by_key(user_id), reason="a request"),
        lambda: frozen.freeze(actor=actor()),
    )
    assert not Lease.objects.filter(ended_at__isnull=True).exists()


def test_routes_name_the_open_leases(sleeping: Panel, people: list[int]) -> None:
    waking = ask(sleeping, by_key(people[0]))
    assert public.routes()[0].leases == {waking.lease_id}


def test_lease_whose_requests_have_all_left_ends_soon_after_ready(panel: Panel, people: list[int]) -> None:
    panel.light()
    panel.advance(30)
    requests.sleep(panel.deployment, actor=actor(), force=True)
    panel.advance(120)
    assert panel.state() == "asleep"
    panel.clock.shift(300)
    panel.tick()
    lease_id = ask(panel, by_key(people[0])).lease_id
    panel.advance(30)
    assert panel.status().sentence.hint == "No request waits for it any more. Sleep stops the cost."
    panel.advance(300, step_s=20)
    assert panel.state() == "ready"
    assert panel.status().sentence.hint.startswith("No request came for it. Goes out within")
    panel.advance(300, step_s=20)
    assert panel.state() == "asleep"
    assert Lease.objects.get(pk=lease_id).end_reason == "idle"
    assert panel.run().end_reason == "idle"

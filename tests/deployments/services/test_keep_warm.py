"""Leases until a time: kept warm by pings that a lease pays for, and never beyond it."""

from datetime import timedelta

from deployments.models import Lease, Price, Run
from deployments.planning.power import Role
from deployments.services import prices, requests

from .conftest import Panel, actor


def test_a_lease_until_a_time_keeps_it_lit_to_its_end_and_then_it_goes_out(panel: Panel) -> None:
    until = panel.now + timedelta(hours=1)
    panel.light(until=until)
    panel.advance((until - panel.now).total_seconds() - 930, step_s=60)
    panel.advance(60, step_s=4)
    panel.advance((until - panel.now).total_seconds() - 60, step_s=60)
    assert panel.state() == "ready"
    assert panel.provider.call_log.count("ping") >= 4
    panel.advance(180)
    assert panel.state() == "asleep"
    assert Run.objects.get().ended_at <= until + timedelta(seconds=60)
    assert Lease.objects.get().end_reason == "until"


def test_no_ping_comes_within_one_window_of_the_end(panel: Panel) -> None:
    until = panel.now + timedelta(hours=1)
    panel.light(until=until)
    panel.advance((until - panel.now).total_seconds() - 880, step_s=30)
    pings = panel.provider.call_log.count("ping")
    panel.advance(1000, step_s=30)
    assert panel.provider.call_log.count("ping") == pings


def test_the_death_of_the_panel_lets_it_go_out_within_one_window(panel: Panel) -> None:
    panel.light(until=panel.now + timedelta(hours=8))
    panel.advance(1800, step_s=60)
    assert panel.state() == "ready"
    panel.skip(901)
    assert panel.provider.containers() == []


def test_the_panel_that_comes_back_lights_it_again_for_a_lease_that_still_holds(panel: Panel) -> None:
    panel.light(until=panel.now + timedelta(hours=8))
    panel.skip(2000)
    panel.advance(400, step_s=20)
    assert panel.state() == "ready"
    assert Run.objects.count() == 2


def test_looking_for_hours_reaches_no_container(panel: Panel) -> None:
    panel.light()
    panel.advance(1200, step_s=60)
    reached = panel.provider.container_requests
    panel.advance(6 * 3600, step_s=900)
    for _ in range(20):
        panel.status()
    assert panel.provider.container_requests == reached
    assert panel.state() == "asleep"


def test_nothing_pings_while_the_panel_is_blind(panel: Panel) -> None:
    from deployments.providers.base import ProviderError

    panel.light(until=panel.now + timedelta(hours=3))
    pings = panel.provider.call_log.count("ping")
    panel.provider.fail_next("containers", ProviderError("UNAVAILABLE", permanent=False), times=999)
    panel.advance(1800, step_s=60)
    assert panel.provider.call_log.count("ping") == pings


def test_extending_moves_the_end(panel: Panel, django_user_model: type) -> None:
    ada = django_user_model.objects.create_user("ada")
    who = actor(name="Ada", user_id=ada.pk)
    lease = panel.light(who=who, until=panel.now + timedelta(hours=1))
    later = panel.now + timedelta(hours=2)
    requests.extend(lease.pk, actor=who, until=later)
    panel.advance(3900, step_s=60)
    assert panel.state() == "ready"


def test_with_stale_prices_it_gets_no_ping_and_is_not_lit_again_until_they_are_confirmed(
    panel: Panel,
) -> None:
    panel.light(until=panel.now + timedelta(hours=3))
    Price.objects.update(checked_on=panel.now.date() - timedelta(days=200))
    sent = (panel.provider.call_log.count("ping"), panel.provider.call_log.count("send_wake"))
    panel.advance(1500, step_s=60)
    assert (panel.provider.call_log.count("ping"), panel.provider.call_log.count("send_wake")) == sent
    assert "Held back" in str(panel.status().sentence)
    prices.confirm(actor=actor(Role.ADMIN), now=panel.now)
    panel.advance(400, step_s=20)
    assert panel.state() == "ready"

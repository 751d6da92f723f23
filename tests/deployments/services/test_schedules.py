"""Schedules: each opening is lit once, under its owner's lease, and a person always wins."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core import mail

from deployments.models import Action, Deployment, Lease, Run, Schedule
from deployments.planning.power import SYSTEM, Actor, Role, Scope, Via
from deployments.services import (
    budget_requests,
    delivering,
    frozen,
    requests,
    schedule_prices,
    schedule_requests,
    schedule_round,
)
from deployments.services.budget_requests import Limit
from deployments.services.errors import Refused
from deployments.services.schedule_requests import Plan

from .conftest import Panel, actor

HOUR = Decimal("37.461312")  # 8 H200, 8 cores, 96 GiB
DAILY = Plan("Working hours", frozenset(range(7)), time(10), time(12), "UTC", lead=False)


def person(name: str, role: Role = Role.OPERATOR) -> Actor:
    user = get_user_model().objects.create_user(name.lower(), email=f"{name.lower()}@example.org")
    user.groups.add(Group.objects.get_or_create(name=role.value)[0])
    return actor(role, name=name, user_id=user.pk)


@pytest.fixture
def anna(panel: Panel) -> Actor:
    return person("Anna")


def plan(panel: Panel, who: Actor, wanted: Plan = DAILY, pk: int | None = None) -> Schedule:
    seen = schedule_requests.preview(panel.deployment, wanted, actor=who, pk=pk).usd_per_week
    return schedule_requests.save(panel.deployment, wanted, actor=who, seen_usd_per_week=seen, pk=pk)


def go(panel: Panel, until: str, *, step_s: float = 240.0) -> None:
    """Let the day go on to a time of its clock, with a round of everything at each step."""
    end = _today(panel, until)
    while panel.now < end:
        panel.clock.shift(min(step_s, (end - panel.now).total_seconds()))
        schedule_round.go_round()
        panel.tick()


def at(panel: Panel, clock: str) -> None:
    """The round of schedules alone, at that time of the day."""
    panel.clock.move_to(_today(panel, clock))
    schedule_round.go_round()


def _today(panel: Panel, clock: str) -> datetime:
    return panel.now.replace(hour=int(clock[:2]), minute=int(clock[3:]), second=0)


def held_until(panel: Panel) -> datetime | None:
    """Until when an open lease holds it; None where none does."""
    lease = Lease.objects.filter(ended_at__isnull=True, until__gt=panel.now).first()
    return lease.until if lease is not None else None


def test_a_window_is_lit_once_ready_when_it_begins_and_out_at_its_end(panel: Panel, anna: Actor) -> None:
    plan(panel, anna, replace(DAILY, lead=True))
    at(panel, "09:55")
    assert not Lease.objects.exists()  # a start takes 275 s: from 09:55:25 on
    schedule_round.go_round(now=panel.now + timedelta(seconds=40))  # a worker whose clock is ahead
    schedule_round.go_round()
    panel.tick()
    go(panel, "10:00", step_s=60)
    lease = Lease.objects.get()
    assert (panel.state(), lease.holder_id, lease.via) == ("ready", anna.user_id, "schedule")
    assert (lease.until, lease.reason) == (_today(panel, "12:00"), "Working hours")
    go(panel, "11:45")
    pings = panel.provider.call_log.count("ping")
    go(panel, "11:59", step_s=400)
    go(panel, "12:03", step_s=30)
    assert panel.provider.call_log.count("ping") == pings  # none within one window of its end
    assert (panel.state(), Lease.objects.get().end_reason) == ("asleep", "until")
    assert Run.objects.get().ended_at <= _today(panel, "12:02")


def test_overlapping_windows_are_one_flame_and_each_owner_holds_their_own_part(
    panel: Panel, anna: Actor
) -> None:
    ben = person("Ben")
    plan(panel, anna)
    plan(panel, ben, replace(DAILY, name="Evening", starts=time(11), ends=time(13)))
    at(panel, "11:30")
    assert Lease.objects.get().until == _today(panel, "13:00")
    go(panel, "11:50")
    go(panel, "12:10")
    first, second = Lease.objects.order_by("id")
    assert (first.holder_id, first.end_reason, second.holder_id) == (anna.user_id, "until", ben.user_id)
    assert second.until == _today(panel, "13:00")
    assert (panel.state(), Run.objects.count()) == ("ready", 1)


@pytest.mark.parametrize("act", [requests.sleep, requests.turn_off])
def test_who_puts_it_out_wins_over_the_rest_of_the_window(panel: Panel, anna: Actor, act: Any) -> None:
    plan(panel, anna)
    at(panel, "10:30")
    act(panel.deployment, actor=actor(name="Ben"), force=True)
    at(panel, "11:30")
    assert held_until(panel) is None
    panel.clock.shift(86400)
    schedule_round.go_round()  # the next day is another window
    assert held_until(panel) == _today(panel, "12:00")


def test_who_puts_it_out_while_a_window_opens_wins_too(
    panel: Panel, anna: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(panel, anna)
    take = schedule_round.locked

    def slept_before(pk: int) -> Deployment:
        requests.sleep(panel.deployment, actor=actor(name="Ben"), force=True)
        return take(pk)

    monkeypatch.setattr(schedule_round, "locked", slept_before)
    at(panel, "10:30")
    assert not Lease.objects.exists()


def test_the_breaker_holds_until_a_person_starts_it(panel: Panel, anna: Actor) -> None:
    plan(panel, anna)
    Deployment.objects.update(breaker_opened_at=panel.now)
    at(panel, "10:30")
    assert held_until(panel) is None
    assert "a person has to start it" in Schedule.objects.get().refused_text


def test_a_freeze_ends_it_and_the_rest_is_lit_when_it_is_lifted(panel: Panel, anna: Actor) -> None:
    plan(panel, anna)
    at(panel, "10:30")
    frozen.freeze(actor=actor(name="Ben"))
    at(panel, "11:00")
    assert held_until(panel) is None
    assert Lease.objects.get().end_reason == "frozen"
    frozen.lift_freeze(actor=actor(Role.ADMIN))
    at(panel, "11:15")
    assert held_until(panel) == _today(panel, "12:00")


def test_the_panel_that_was_down_lights_the_rest_and_nothing_after_the_end(panel: Panel, anna: Actor) -> None:
    plan(panel, anna)
    at(panel, "12:01")
    assert not Lease.objects.exists()
    panel.clock.shift(86400)
    at(panel, "11:00")
    assert held_until(panel) == _today(panel, "12:00")


def test_a_refusal_is_told_once_and_the_rest_is_lit_when_it_is_gone(panel: Panel, anna: Actor) -> None:
    admin = person("Ada", Role.ADMIN)
    plan(panel, anna)
    budget_requests.put(Limit("panel", "", "day", "UTC", Decimal(5)), actor=admin)
    for clock in ("10:00", "10:10", "10:30"):
        at(panel, clock)
    assert not Lease.objects.exists()
    delivering.deliver_due()
    told = Action.objects.filter(verb="schedule", actor_name=SYSTEM.name)
    assert (told.count(), len(mail.outbox)) == (1, 2)  # the admin and the owner
    assert "does not carry this" in Schedule.objects.get().refused_text
    budget_requests.put(Limit("panel", "", "day", "UTC", Decimal(500)), actor=admin)
    at(panel, "10:40")
    assert held_until(panel) == _today(panel, "12:00")
    assert Schedule.objects.get().refused_text == ""


def _pause(panel: Panel, who: Actor, row: Schedule) -> None:
    schedule_requests.set_enabled(panel.deployment, row.pk, actor=who, enabled=False)


def _delete(panel: Panel, who: Actor, row: Schedule) -> None:
    schedule_requests.remove(panel.deployment, row.pk, actor=who)


def _skip(panel: Panel, who: Actor, row: Schedule) -> None:
    assert schedule_requests.skip_next(panel.deployment, row.pk, actor=who) == panel.now.date()


def _lose_the_owner(panel: Panel, who: Actor, row: Schedule) -> None:
    get_user_model().objects.filter(pk=who.user_id).update(is_active=False)


@pytest.mark.parametrize("act", [_pause, _delete, _skip, _lose_the_owner])
def test_a_window_that_nobody_wants_any_more_is_closed(panel: Panel, anna: Actor, act: Any) -> None:
    row = plan(panel, anna)
    at(panel, "10:30")
    act(panel, anna, row)
    at(panel, "10:31")
    panel.tick()
    assert Lease.objects.get().end_reason == "until"


def test_another_end_moves_the_lease_unless_a_person_moved_it(panel: Panel, anna: Actor) -> None:
    row = plan(panel, anna)
    at(panel, "10:30")
    for end in (11, 13):
        plan(panel, anna, replace(DAILY, ends=time(end)), pk=row.pk)
        at(panel, f"10:3{end - 10}")
        assert held_until(panel) == _today(panel, f"{end}:00")
    at(panel, "12:59")
    panel.clock.shift(59)
    last = panel.now + timedelta(hours=1)  # extended at the last second, and its own from then on
    requests.extend(Lease.objects.get().pk, actor=anna, until=last)
    at(panel, "13:40")
    assert held_until(panel) == last


def test_an_end_that_a_person_brought_forward_stands(panel: Panel, anna: Actor) -> None:
    plan(panel, anna)
    at(panel, "10:30")
    requests.extend(Lease.objects.get().pk, actor=anna, until=_today(panel, "10:40"))
    go(panel, "11:00", step_s=60)
    assert (held_until(panel), panel.state()) == (None, "asleep")


def test_whom_a_limit_keeps_out_does_not_keep_out_the_others(panel: Panel, anna: Actor) -> None:
    ben = person("Ben")
    plan(panel, anna)
    plan(panel, ben, replace(DAILY, name="Evening", starts=time(11), ends=time(13)))
    limit = Limit("person", str(anna.user_id), "day", "UTC", Decimal(5))
    budget_requests.put(limit, actor=person("Ada", Role.ADMIN))
    at(panel, "11:30")
    assert (Lease.objects.get().holder_id, held_until(panel)) == (ben.user_id, _today(panel, "13:00"))


def test_what_a_person_extended_into_the_next_window_stays_lit(panel: Panel, anna: Actor) -> None:
    plan(panel, anna)
    plan(panel, anna, replace(DAILY, name="Evening", starts=time(13), ends=time(15)))
    at(panel, "11:30")
    go(panel, "11:50")
    requests.extend(Lease.objects.get().pk, actor=anna, until=_today(panel, "13:30"))
    go(panel, "13:40", step_s=120)
    assert (Run.objects.count(), panel.state()) == (1, "ready")


def test_what_a_week_costs_is_told_with_boots_overlaps_and_the_day_it_would_break_a_budget(
    panel: Panel, anna: Actor
) -> None:
    budget_requests.put(Limit("panel", "", "week", "UTC", Decimal(200)), actor=person("Ada", Role.ADMIN))
    plan(panel, anna)
    more = replace(DAILY, name="More", starts=time(11), ends=time(14), days=frozenset({1, 3}))
    found = schedule_requests.preview(panel.deployment, more, actor=anna)
    assert found.hours_per_week == 6
    assert found.usd_per_week == (HOUR * 6).quantize(Decimal("0.01"))
    assert (found.shared_hours_per_week, found.added_usd_per_week) == (
        2,
        (HOUR * 4).quantize(Decimal("0.01")),
    )
    (outlook,) = found.outlooks
    # From Tuesday: 4 h on Tue, 2 on Wed (224.77 dollars): spent on Wednesday after 5.34 h.
    assert outlook.spent_on == "Wed 25 Nov"
    assert outlook.needs_usd == (HOUR * 16).quantize(Decimal("0.01"))  # 4, 2, 4, 2, 2, 2


def test_nobody_saves_what_they_have_not_seen(panel: Panel, anna: Actor) -> None:
    for seen, code in ((None, "price_unseen"), (Decimal("1.00"), "price_changed")):
        with pytest.raises(Refused) as caught:
            schedule_requests.save(panel.deployment, DAILY, actor=anna, seen_usd_per_week=seen)
        assert caught.value.code == code
    assert not Schedule.objects.exists()


def test_a_key_that_may_not_wake_plans_no_wake(panel: Panel, anna: Actor) -> None:
    key = replace(anna, scopes=anna.scopes - {Scope.WAKE}, via=Via.API, key_id=1)
    with pytest.raises(Refused, match="with the scope wake"):
        plan(panel, key)


def test_the_week_of_the_change_of_clocks_in_two_zones(panel: Panel, anna: Actor) -> None:
    """New York, Friday 30 to Monday 2 November 2026: 09:00 is 13:00 UTC, and 14:00 after the change. Berlin
    changed a week before."""
    panel.clock.move_to(datetime(2026, 10, 30, 11, 0, tzinfo=UTC))
    panel.tick()
    for zone in ("America/New_York", "Europe/Berlin"):
        plan(panel, anna, replace(DAILY, name=zone, starts=time(9), ends=time(10), time_zone=zone))
    opened = []
    for day in (30, 31, 1, 2):
        month = 10 if day > 2 else 11
        for hour in (7, 8, 9, 12, 13, 14, 15):
            moment = datetime(2026, month, day, hour, 30, tzinfo=UTC)
            if moment > panel.now:
                panel.clock.move_to(moment)
                schedule_round.go_round()
                lease = Lease.objects.filter(ended_at__isnull=True, until__gt=moment).first()
                opened += [(day, hour, lease.reason)] if lease else []
                Lease.objects.filter(ended_at__isnull=True).update(ended_at=moment, end_reason="until")
    assert opened == [
        (30, 13, "America/New_York"),
        (31, 8, "Europe/Berlin"), (31, 13, "America/New_York"),
        (1, 8, "Europe/Berlin"), (1, 14, "America/New_York"),
        (2, 8, "Europe/Berlin"), (2, 14, "America/New_York"),
    ]  # fmt: skip


def test_skipped_days_and_wrong_plans(panel: Panel, anna: Actor) -> None:
    row = plan(panel, anna, replace(DAILY, skips=(panel.now.date(),)))
    at(panel, "10:30")
    assert not Lease.objects.exists()
    assert schedule_requests.skip_next(panel.deployment, row.pk, actor=anna) == date(2026, 11, 25)
    wrong = {
        "days": replace(DAILY, days=frozenset()),
        "name": replace(DAILY, name=" "),
        "time_zone": replace(DAILY, time_zone="Mars"),
        "valid_from": replace(DAILY, valid_from=date(9999, 12, 31)),  # no page could look ahead from there
        "valid_until": replace(DAILY, valid_from=date(2026, 12, 2), valid_until=date(2026, 12, 1)),
    }
    for field, plan_ in wrong.items():
        with pytest.raises(Refused) as caught:
            schedule_requests.preview(panel.deployment, plan_, actor=anna)
        assert list(caught.value.fields) == [field]
    with pytest.raises(Refused) as caught:
        schedule_requests.remove(panel.deployment, row.pk, actor=actor(Role.MEMBER, name="Ben", user_id=1))
    assert caught.value.status == 403
    assert schedule_prices.price(row, actor=anna, now=panel.now).windows_per_week == 7


def test_asleep_it_says_what_lights_it_next(panel: Panel, anna: Actor) -> None:
    plan(panel, anna, replace(DAILY, days=frozenset({4})))
    assert "Next: lit from Fri 27 Nov, 10:00 UTC (Working hours, Anna)." in str(panel.status().sentence.hint)


def test_a_schedule_that_a_key_saved_spends_from_the_keys_budget(panel: Panel, anna: Actor) -> None:
    plan(panel, replace(anna, key_id=7))
    at(panel, "10:00")
    assert Lease.objects.get().key_id == 7
    plan(panel, anna, pk=Schedule.objects.get().pk)
    assert Schedule.objects.get().key_id is None, "whoever saves it pays from then on"

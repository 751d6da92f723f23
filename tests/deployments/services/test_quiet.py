"""After somebody put it out, programs leave it out for a while; people need not."""

from collections.abc import Callable
from typing import Any

import pytest

from deployments.models import Account, Deployment, Lease
from deployments.planning.power import Actor, Role, Via
from deployments.services import requests
from deployments.services.errors import Refused
from deployments.services.waking import wake_for

from .conftest import Panel, actor
from .test_waking import by_key, people, sleeping

__all__ = ["people", "sleeping"]  # fixtures


@pytest.fixture
def ask(sleeping: Panel, people: list[int]) -> Callable[..., str]:
    """What a key's request gets: `lit`, or the code of the refusal."""

    def asks(who: Actor | None = None, **options: Any) -> str:
        try:
            wake_for(sleeping.deployment.pk, actor=who or by_key(people[0]), reason="x", **options)
        except Refused as refused:
            return refused.code
        return "lit"

    return asks


def put_to_sleep(panel: Panel, **changes: Any) -> None:
    """Somebody's Sleep, carried out."""
    requests.sleep(panel.deployment, actor=changes.pop("who", actor(name="Ben")), force=True)
    Deployment.objects.update(stop_kind="", stop_requested_at=None)


def later(panel: Panel, seconds: float) -> None:
    panel.clock.shift(seconds)
    Account.objects.update(seen_at=panel.now)


def test_requests_of_keys_leave_it_out_until_the_time_is_over(sleeping: Panel, ask: Any) -> None:
    put_to_sleep(sleeping)
    later(sleeping, 120)
    with pytest.raises(Refused) as refused:
        wake_for(sleeping.deployment.pk, actor=by_key(1), reason="x")
    assert (refused.value.code, refused.value.status) == ("asleep", 503)
    assert refused.value.fields == {"wakes_from": "2026-11-24T09:05:00Z"}
    assert refused.value.message == (
        "GLM-5.2 FP8 was put to sleep by Ben 2 min ago. A request lights it again from 09:05 UTC; "
        "a person can start it now."
    )
    assert not Lease.objects.exists()
    later(sleeping, 180)
    assert ask() == "lit"


def test_people_wake_it_at_once_although_the_order_is_watched_over_still(
    panel: Panel, people: list[int]
) -> None:
    panel.light()
    requests.sleep(panel.deployment, actor=actor(), force=True)
    person = {"actor": by_key(people[0]), "reason": "x", "by_person": True}
    with pytest.raises(Refused, match="being put out by Ada"):
        wake_for(panel.deployment.pk, **person)
    panel.advance(20)
    assert (panel.state(), panel.deployment.stop_kind) == ("asleep", "sleep")
    with pytest.raises(Refused, match="was put to sleep by Ada 20 s ago"):
        wake_for(panel.deployment.pk, **person | {"by_person": False})
    wake_for(panel.deployment.pk, **person)
    panel.advance(320, step_s=20)
    assert panel.state() == "ready"


def test_start_of_anybody_ends_the_quiet(sleeping: Panel, ask: Any) -> None:
    put_to_sleep(sleeping)
    later(sleeping, 1)
    sleeping.start(actor())
    assert ask() == "lit"


def test_start_ends_the_quiet_also_where_the_clock_went_back(sleeping: Panel, ask: Any) -> None:
    put_to_sleep(sleeping)
    later(sleeping, -3600)
    sleeping.start(actor())
    assert ask() == "lit"


def test_program_that_puts_it_out_silences_nobody(sleeping: Panel, ask: Any, people: list[int]) -> None:
    put_to_sleep(sleeping, who=by_key(people[1], "Ben", role=Role.OPERATOR))
    assert ask() == "lit"
    put_to_sleep(sleeping, who=Actor(None, "the panel", actor().scopes, Via.SYSTEM))
    assert ask() == "lit"


def test_time_passes_as_fast_as_at_the_account_and_can_be_none(
    sleeping: Panel, ask: Any, settings: Any
) -> None:
    Account.objects.update(speed=20)
    put_to_sleep(sleeping)
    later(sleeping, 14)
    assert ask() == "asleep"
    settings.QUIET_AFTER_SLEEP_S = 0
    assert ask() == "lit"
    settings.QUIET_AFTER_SLEEP_S = 300
    put_to_sleep(sleeping)
    later(sleeping, 16)
    assert ask() == "lit"


@pytest.mark.parametrize(("role", "code"), [(Role.MEMBER, "not_allowed"), (Role.OPERATOR, "asleep")])
def test_what_was_turned_off_stays_so_for_those_who_could_start_it(
    sleeping: Panel, ask: Any, people: list[int], role: Role, code: str
) -> None:
    requests.turn_off(sleeping.deployment, actor=actor(), force=True)
    Deployment.objects.update(stop_kind="", stop_requested_at=None, app_id="")
    assert ask(by_key(people[0], role=role)) == code

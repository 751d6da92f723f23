"""What was lit for requests that have all left goes out soon after it is ready."""

from dataclasses import replace
from typing import Any

import pytest

from deployments.planning.decide import decide
from deployments.planning.facts import Stop
from deployments.planning.steps import BeginStop, CloseWake, EndLeases

from .situations import NOON, WINDOWS, lit, minutes, ready, s, sent, until, until_idle, waking

BY_REQUEST = replace(until_idle(), by_request=True)
GIVEN_UP = [BeginStop(Stop.SLEEP, "unclaimed"), EndLeases((1,), "idle")]


def left(after: Any = WINDOWS.claim, **changes: Any) -> Any:
    """Ready for `after`, and every request that asked for it has left."""
    held = (replace(BY_REQUEST, created_at=NOON - after - s(280)),)
    return lit(**{"leases": held, "containers": (ready(after),)} | changes)


def test_it_goes_out_once_those_who_were_told_to_come_back_could_have() -> None:
    assert decide(left(WINDOWS.claim - s(1))) == []
    assert decide(left()) == GIVEN_UP


@pytest.mark.parametrize(
    ("why", "facts"),
    [
        ("somebody started it", left(leases=(until_idle(),))),
        ("somebody holds it too", left(leases=(BY_REQUEST, until(NOON + minutes(5), 2)))),
        ("a request waits", left(waiting=1)),
        ("a request is in flight", left(in_flight=1)),
        ("the engine works for somebody", left(running_inputs=1)),
        ("it was used", left(last_use_at=NOON - s(100))),
        ("a request came when it was ready", left(leases=(replace(BY_REQUEST, created_at=NOON),))),
        ("its idle window ends before", left(windows=replace(WINDOWS, claim=WINDOWS.idle))),
    ],
)
def test_it_stays_as_long_as_others_do(why: str, facts: Any) -> None:
    assert decide(facts) == [], why


def test_use_before_this_wake_is_no_use_of_it() -> None:
    assert decide(left(last_use_at=NOON - minutes(60))) == GIVEN_UP


def test_a_boot_that_is_paid_for_is_not_thrown_away() -> None:
    assert not [step for step in decide(waking(leases=(BY_REQUEST,))) if isinstance(step, BeginStop)]
    closes = decide(left(s(1), wake=sent(has_result_url=True, boots=1)))
    assert closes == [CloseWake(3, done=True)]

"""The state that people read, from what is wanted and what was seen."""

import pytest

from deployments.planning.facts import Stop
from deployments.planning.lifecycle import BLIND_AFTER, BURNING, MOVING, State, state_of

from .situations import (
    NOON,
    asleep,
    booting,
    deploy,
    lit,
    off,
    queued,
    ready,
    s,
    sent,
    started,
    stop,
    until_idle,
    waking,
)

CLEAR = stop(Stop.SLEEP, ago=s(60), clear_for=s(30))

STATES = [
    ("nothing deployed, nothing wanted", off(), State.OFF),
    ("asked from off", started(), State.DEPLOYING),
    ("a deploy is open", started(deploy=deploy()), State.DEPLOYING),
    ("deployed and dark", asleep(), State.ASLEEP),
    ("asked while asleep: nobody is told asleep any more", asleep(leases=(until_idle(),)), State.WAKING),
    ("a wake is under way", asleep(leases=(until_idle(),), wake=sent()), State.WAKING),
    ("queued", waking(containers=(queued(),)), State.WAKING),
    ("booting", waking(), State.WAKING),
    ("booting from outside", asleep(containers=(booting(),)), State.WAKING),
    ("answering", lit(), State.READY),
    ("answering without a lease", asleep(containers=(ready(),)), State.READY),
    ("answering while the next one boots", lit(containers=(ready(), booting(run_id=8))), State.READY),
    ("draining", lit(stop=stop(Stop.SLEEP)), State.STOPPING),
    ("ordered out while it boots", waking(stop=stop(Stop.OFF)), State.STOPPING),
    ("ordered off while it sleeps", asleep(stop=stop(Stop.OFF)), State.STOPPING),
    ("put to sleep and watched for a relight: it costs nothing", asleep(stop=CLEAR), State.ASLEEP),
    ("broken and out", off(breaker_open=True), State.FAILED),
    ("broken and not out yet: it still bills", lit(breaker_open=True, stop=stop(Stop.OFF)), State.STOPPING),
    ("a weights download is no light", asleep(containers=(booting(serves=False),)), State.ASLEEP),
    ("frozen with a lease left over", off(frozen=True, wanted_on=True, leases=(until_idle(),)), State.OFF),
]


@pytest.mark.parametrize(("why", "facts", "state"), STATES, ids=[row[0] for row in STATES])
def test_state(why, facts, state):
    assert state_of(facts) is state


def test_failing_requests_degrade_what_is_ready_alone():
    assert state_of(lit(), degraded=True) is State.DEGRADED
    assert state_of(waking(), degraded=True) is State.WAKING
    assert state_of(asleep(), degraded=True) is State.ASLEEP


@pytest.mark.parametrize("facts", [lit(), asleep(), waking(stop=stop(Stop.OFF)), off(containers=(ready(),))])
def test_unknown_after_a_while_without_sight(facts):
    assert state_of(facts, blind_since=NOON - BLIND_AFTER) is not State.UNKNOWN
    assert state_of(facts, blind_since=NOON - BLIND_AFTER - s(1)) is State.UNKNOWN


def test_what_is_off_needs_no_sight():
    assert state_of(off(), blind_since=NOON - s(3600)) is State.OFF


def test_what_may_bill_is_burning_and_what_changes_by_itself_is_moving():
    assert {State.WAKING, State.READY, State.DEGRADED, State.STOPPING} == BURNING
    assert {State.DEPLOYING, State.WAKING, State.STOPPING} == MOVING

"""How a stop order is carried out, situation by situation, and why."""

from datetime import timedelta

import pytest

from deployments.planning.decide import decide
from deployments.planning.facts import Stop
from deployments.planning.steps import (
    CancelDeploy,
    CloseStop,
    CloseWake,
    MarkClear,
    StopContainers,
    TurnOff,
)

from .situations import (
    NOON,
    WINDOWS,
    asleep,
    booting,
    deploy,
    lit,
    minutes,
    off,
    ready,
    s,
    sent,
    stop,
    until_idle,
)

SLEEP, OFF = stop(Stop.SLEEP), stop(Stop.OFF)
CLEAR = stop(Stop.SLEEP, ago=s(60), clear_for=s(30))
WATCHED = stop(Stop.SLEEP, ago=s(90), clear_for=WINDOWS.relight_watch)
GRACEFUL = StopContainers(("ta-7",), graceful=True)
HARD = StopContainers(("ta-7",), graceful=False)
HELD = (until_idle(2),)

SLEEPING = [
    ("idle: it is ended gracefully at once", lit(leases=(), stop=SLEEP), [GRACEFUL]),
    ("requests through the gateway are waited for", lit(stop=SLEEP, in_flight=1), []),
    ("requests at the provider are waited for", lit(stop=SLEEP, running_inputs=1), []),
    (
        "a warm-up is waited for: what it asked already would come back",
        lit(stop=SLEEP, containers=(ready(warming=True),)),
        [],
    ),
    (
        "at the drain limit it is ended under load",
        lit(stop=stop(Stop.SLEEP, ago=s(120)), in_flight=1),
        [HARD],
    ),
    (
        "a force does not wait",
        lit(stop=stop(Stop.SLEEP, ago=s(1), hard_in=-s(1)), in_flight=3),
        [HARD],
    ),
    (
        "except for a warm-up, which gives up by itself",
        lit(stop=stop(Stop.SLEEP, ago=s(1), hard_in=-s(1)), containers=(ready(warming=True),)),
        [],
    ),
    (
        "after it the hard stop has its time, before the endpoint has to go",
        lit(stop=stop(Stop.SLEEP, ago=s(121), hard_in=-s(121)), containers=(ready(warmed_at=NOON - s(5)),)),
        [HARD],
    ),
    (
        "and that not for long",
        lit(stop=stop(Stop.SLEEP, ago=s(61), hard_in=-s(61)), containers=(ready(warming=True),)),
        [HARD],
    ),
    (
        "what survives the hard stop is ended with its app",
        lit(stop=stop(Stop.SLEEP, ago=s(240), hard_in=-WINDOWS.drain), in_flight=1),
        [TurnOff()],
    ),
    (
        "sleeping while it wakes turns off: its waiting request would start it again",
        asleep(stop=SLEEP, containers=(booting(),), wake=sent(boots=1)),
        [CloseWake(3, done=False), TurnOff()],
    ),
    (
        "also before its container is seen",
        asleep(stop=SLEEP, wake=sent()),
        [CloseWake(3, done=False), TurnOff()],
    ),
    ("also when its wake is closed already", asleep(stop=SLEEP, containers=(booting(),)), [TurnOff()]),
    (
        "work that remains at the provider would light it again",
        asleep(stop=SLEEP, backlog=2),
        [TurnOff(relit=True)],
    ),
    ("nothing left: the watch for a relight begins", asleep(stop=SLEEP), [MarkClear()]),
    (
        "what was seen before the order proves nothing",
        asleep(stop=SLEEP, observed_at=SLEEP.requested_at),
        [],
    ),
    ("the watch goes on for its time", asleep(stop=CLEAR), []),
    (
        "lit again within the watch: turned off, and said so",
        asleep(stop=CLEAR, containers=(ready(s(1)),)),
        [TurnOff(relit=True)],
    ),
    ("also while it boots again", asleep(stop=CLEAR, containers=(booting(s(5)),)), [TurnOff(relit=True)]),
    ("after the watch the order is done", asleep(stop=WATCHED), [CloseStop()]),
    ("a start within the watch ends the order", asleep(stop=CLEAR, leases=HELD), [CloseStop()]),
    (
        "and may have what came back",
        asleep(stop=CLEAR, leases=HELD, containers=(booting(s(5)),)),
        [CloseStop()],
    ),
    ("a start while it drains waits for the end of the order", lit(leases=HELD, stop=SLEEP, in_flight=1), []),
]

TURNING_OFF = [
    ("lit: ended with its app, under load too", lit(stop=OFF, in_flight=4), [TurnOff()]),
    ("asleep: nothing may wake it any more", asleep(stop=OFF), [TurnOff()]),
    ("a wake is ended first", asleep(stop=OFF, wake=sent()), [CloseWake(3, done=False), TurnOff()]),
    (
        "containers outlive their app for a moment: ended again",
        off(stop=OFF, containers=(ready(),)),
        [TurnOff()],
    ),
    ("also those of a download", off(stop=OFF, containers=(booting(serves=False),)), [TurnOff()]),
    ("nothing left and looked since: done", off(stop=OFF), [CloseStop()]),
    ("not looked since: not done", off(stop=OFF, observed_at=OFF.requested_at), []),
    ("never looked: not done", off(stop=OFF, observed_at=None), []),
    ("an open deploy is ended", asleep(stop=OFF, deploy=deploy()), [CancelDeploy(5), TurnOff()]),
    ("a deploy under way gives up by itself first", asleep(stop=OFF, deploy=deploy(busy=True)), []),
]


@pytest.mark.parametrize(("why", "facts", "expected"), SLEEPING, ids=[row[0] for row in SLEEPING])
def test_sleep(why, facts, expected):
    assert decide(facts) == expected


@pytest.mark.parametrize(("why", "facts", "expected"), TURNING_OFF, ids=[row[0] for row in TURNING_OFF])
def test_turn_off(why, facts, expected):
    assert decide(facts) == expected


@pytest.mark.parametrize("kind", list(Stop))
def test_an_order_is_carried_out_while_blind_frozen_or_broken(kind):
    """Ending is repeated until it is seen to have worked; nothing stands above an order to put it out."""
    told = decide(lit(stop=stop(kind)))
    assert told
    for more in ({"blind": True}, {"frozen": True}, {"breaker_open": True}, {"wanted_on": False}):
        assert decide(lit(stop=stop(kind), **more)) == told


def test_a_sleep_without_drain_keeps_the_endpoint_where_the_hard_stop_works():
    """A drain limit of zero means: do not wait. It does not mean: end the deployment."""
    nothing_drained = lit().windows.__class__(
        **{name: getattr(WINDOWS, name) for name in WINDOWS.__slots__} | {"drain": timedelta(0)}
    )
    order = stop(Stop.SLEEP, ago=s(1), hard_in=-s(1))
    assert decide(lit(stop=order, windows=nothing_drained, running_inputs=1)) == [HARD]
    late = stop(Stop.SLEEP, ago=minutes(2), hard_in=-minutes(1))
    assert decide(lit(stop=late, windows=nothing_drained, running_inputs=1)) == [TurnOff()]


def test_an_order_does_not_end_while_anything_serves():
    for seconds in range(0, 600, 20):
        for kind in Stop:
            for container in (ready(), booting()):
                order = stop(kind, ago=s(seconds))
                assert CloseStop() not in decide(asleep(stop=order, containers=(container,), now=NOON))

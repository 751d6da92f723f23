"""One situation per rule of the decision: what is done next, and why."""

from dataclasses import replace

import pytest

from deployments.planning.decide import RELIGHTS, SENDS, Break, decide
from deployments.planning.facts import Facts, Stop
from deployments.planning.steps import (
    BeginStop,
    CancelDeploy,
    CloseWake,
    CreateWake,
    EndLeases,
    HopWake,
    OpenBreaker,
    Ping,
    RequestDeploy,
    ResendWake,
    RunDeploy,
    StepDownload,
)

from .situations import (
    NOON,
    WINDOWS,
    asked,
    asleep,
    booting,
    deploy,
    download,
    lit,
    minutes,
    off,
    queued,
    ready,
    s,
    sent,
    started,
    stop,
    until,
    until_idle,
    waking,
)

HELD = (until_idle(),)
ASKED = asleep(leases=HELD)

LIGHTING = [
    ("nobody asks: nothing is done", asleep(), []),
    ("a lease from off is deployed first", started(), [RequestDeploy(1)]),
    (
        "a newer release is deployed before it is lit",
        asleep(leases=HELD, live_release=0),
        [RequestDeploy(1)],
    ),
    (
        "an app that somebody ended is deployed again",
        asleep(leases=HELD, app_exists=False),
        [RequestDeploy(1)],
    ),
    (
        "without a release there is nothing to deploy",
        started(current_release=None),
        [],
    ),
    (
        "a deploy that a worker is at is left alone",
        started(deploy=deploy(busy=True)),
        [],
    ),
    (
        "a deploy whose worker died is handed on",
        started(deploy=deploy()),
        [RunDeploy(5)],
    ),
    (
        "a refused deploy waits for its next attempt",
        started(deploy=deploy(retry_at=NOON + s(1))),
        [],
    ),
    (
        "a deploy is tried again when its time has come",
        started(deploy=deploy(retry_at=NOON)),
        [RunDeploy(5)],
    ),
    (
        "a deploy of a release that is not current any more is replaced",
        started(current_release=2, deploy=deploy()),
        [CancelDeploy(5), RequestDeploy(2)],
    ),
    ("a lease lights what is asleep", ASKED, [CreateWake(1)]),
    ("two leases make one wake", asleep(leases=(until_idle(1), until_idle(2))), [CreateWake(1)]),
    (
        "a wake that was never sent is handed to a worker",
        asleep(leases=HELD, wake=asked()),
        [HopWake(3)],
    ),
    (
        "a wake that a worker is at is left alone",
        asleep(leases=HELD, wake=asked(hop_busy=True)),
        [],
    ),
    (
        "a dead hop is resumed from the stored URL",
        waking(wake=sent(has_result_url=True, boots=1)),
        [HopWake(3)],
    ),
    (
        "a sent wake without URL is never sent again while its container is seen",
        waking(wake=sent(minutes(10), boots=1)),
        [],
    ),
    (
        "nor while its request waits at the provider",
        asleep(leases=HELD, wake=sent(minutes(10)), backlog=1),
        [],
    ),
    (
        "nor before a look that would show it",
        asleep(leases=HELD, wake=sent(minutes(10)), observed_at=NOON - minutes(9)),
        [],
    ),
    (
        "a wake of which nothing is left is sent once more",
        asleep(leases=HELD, wake=sent(minutes(10))),
        [ResendWake(3)],
    ),
    (
        "but not for ever",
        asleep(leases=HELD, wake=sent(minutes(10), sends=SENDS)),
        [OpenBreaker(Break.WAKE_FAILED)],
    ),
    (
        "a container nobody woke is waited for, not woken again",
        asleep(leases=HELD, containers=(booting(),)),
        [],
    ),
    ("work that the provider brings back lights it by itself", asleep(leases=HELD, backlog=1), []),
]

KEEPING = [
    ("lit until idle: nothing keeps it warm", lit(), []),
    ("ready ends the wake", lit(wake=sent(hop_busy=True, boots=1)), [CloseWake(3, done=True)]),
    (
        "a new release waits until the lit server is out",
        lit(current_release=2),
        [],
    ),
    ("a lit server without a lease goes out by itself", asleep(containers=(ready(),)), []),
    ("what was lit from outside is left to its own idle window", asleep(containers=(booting(),)), []),
    (
        "the first to leave does not put it out for the other",
        lit(leases=(until(NOON, 1), until_idle(2))),
        [EndLeases((1,), "until")],
    ),
]

ENDING = [
    (
        "a lease until idle ends when its server went out, and does not light it again",
        asleep(leases=(until_idle(runs_ended=1),)),
        [EndLeases((1,), "idle")],
    ),
    (
        "and brings no new release to the provider either",
        asleep(leases=(until_idle(runs_ended=1),), current_release=2),
        [EndLeases((1,), "idle")],
    ),
    (
        "a fresh lease beside it lights it",
        asleep(leases=(until_idle(1, runs_ended=1), until_idle(2))),
        [EndLeases((1,), "idle"), CreateWake(2)],
    ),
    (
        "a lease until a time lights it again after its container was taken away",
        asleep(leases=(until(NOON + minutes(60), runs_ended=RELIGHTS),)),
        [CreateWake(1)],
    ),
    (
        "but only so often",
        asleep(leases=(until(NOON + minutes(60), runs_ended=RELIGHTS + 1),)),
        [EndLeases((1,), "gone")],
    ),
    (
        "it went out a moment before its time was over: no boot for those seconds",
        asleep(leases=(until(NOON + s(4), runs_ended=1),)),
        [EndLeases((1,), "idle")],
    ),
    (
        "a first start is lit however short its lease",
        asleep(leases=(until(NOON + minutes(2)),)),
        [CreateWake(1)],
    ),
    (
        "time over: the order to put it out is written before the lease ends, so that it cannot get lost",
        lit(leases=(until(NOON),)),
        [BeginStop(Stop.SLEEP, "until"), EndLeases((1,), "until")],
    ),
    (
        "time over while it boots",
        waking(leases=(until(NOON),)),
        [BeginStop(Stop.SLEEP, "until"), EndLeases((1,), "until")],
    ),
    ("time over while it sleeps", asleep(leases=(until(NOON),)), [EndLeases((1,), "until")]),
    (
        "a wake that nobody waits for is ended with its app",
        asleep(wake=sent()),
        [BeginStop(Stop.OFF, "released")],
    ),
    ("a deploy that nobody waits for is ended", off(wanted_on=True, deploy=deploy()), [CancelDeploy(5)]),
    (
        "a deploy for a download goes on",
        off(wanted_on=True, deploy=deploy(), download=download()),
        [RunDeploy(5)],
    ),
]

BREAKING = [
    (
        "an engine that died while booting",
        waking(containers=(booting(engine_died=True),)),
        Break.BOOT_DIED,
        7,
    ),
    ("an engine that died while serving", lit(containers=(ready(engine_died=True),)), Break.ENGINE_DIED, 7),
    (
        "a boot past its deadline",
        waking(containers=(booting(WINDOWS.boot_deadline + s(1)),)),
        Break.BOOT_TIMEOUT,
        7,
    ),
    (
        "a second container before ready",
        waking(wake=sent(boots=2), containers=(booting(run_id=7), booting(run_id=8))),
        Break.BOOT_REPEATED,
        8,
    ),
    (
        "a second boot whose first container is gone",
        asleep(leases=HELD, wake=sent(boots=2)),
        Break.BOOT_REPEATED,
        None,
    ),
    (
        "a container that waits for a machine too long",
        waking(containers=(queued(WINDOWS.queue_deadline + s(3)),)),
        Break.NO_CAPACITY,
        7,
    ),
    (
        "a request that waits too long without any container",
        asleep(
            leases=HELD,
            wake=sent(WINDOWS.queue_deadline + s(3), has_result_url=True),
            backlog=1,
        ),
        Break.NO_CAPACITY,
        None,
    ),
    (
        "also for what was lit from outside: a flame has an end, whoever lit it",
        asleep(containers=(booting(WINDOWS.boot_deadline + s(1)),)),
        Break.BOOT_TIMEOUT,
        7,
    ),
    (
        "also while the provider cannot be read: putting out needs no sight",
        waking(blind=True, containers=(booting(WINDOWS.boot_deadline + s(1)),)),
        Break.BOOT_TIMEOUT,
        7,
    ),
]

PATIENT = [
    ("at its deadline a boot may still become ready", waking(containers=(booting(WINDOWS.boot_deadline),))),
    ("queued time does not count as boot time", waking(containers=(queued(WINDOWS.boot_deadline + s(60)),))),
    ("a ready server has no deadline", lit(containers=(ready(minutes(600)),))),
    (
        "a weights download is no second boot",
        lit(containers=(ready(), booting(minutes(60), 8, serves=False))),
    ),
]


@pytest.mark.parametrize(
    ("why", "facts", "expected"), LIGHTING + KEEPING + ENDING, ids=lambda v: v if isinstance(v, str) else ""
)
def test_next_steps(why, facts, expected):
    assert decide(facts) == expected, why


@pytest.mark.parametrize(("why", "facts", "reason", "run_id"), BREAKING, ids=[row[0] for row in BREAKING])
def test_the_breaker_opens(why, facts, reason, run_id):
    assert decide(facts) == [OpenBreaker(reason, run_id)], why


def test_no_machine_is_judged_by_a_look_and_not_by_the_clock():
    """While nobody can look, a container may have come, and may be billed."""
    waited = WINDOWS.queue_deadline + s(3)
    unseen = asleep(
        leases=HELD, wake=sent(waited, has_result_url=True), observed_at=NOON - waited, blind=True
    )
    assert decide(unseen) == []
    late = waking(containers=(queued(waited),), observed_at=NOON - waited)
    assert not any(isinstance(step, OpenBreaker) for step in decide(late))


@pytest.mark.parametrize(("why", "facts"), PATIENT, ids=[row[0] for row in PATIENT])
def test_the_breaker_stays_closed(why, facts):
    assert not [step for step in decide(facts) if isinstance(step, OpenBreaker)], why


HOPEFUL = [
    ("from off", started()),
    ("asleep", ASKED),
    ("a wake to be sent", asleep(leases=HELD, wake=asked())),
    ("a wake to be followed", waking(wake=sent(has_result_url=True, boots=1))),
    ("a ping is due", lit(leases=(until(NOON + minutes(60)),), containers=(ready(minutes(14)),))),
    ("a download to be stepped", asleep(download=download())),
]
LIGHTS = (RequestDeploy, RunDeploy, CreateWake, HopWake, ResendWake, Ping, StepDownload)


@pytest.mark.parametrize(("name", "facts"), HOPEFUL, ids=[row[0] for row in HOPEFUL])
def test_these_would_spend_if_nothing_forbade_it(name, facts):
    assert [step for step in decide(facts) if isinstance(step, LIGHTS)]


@pytest.mark.parametrize(
    "forbidden", [{"blind": True}, {"frozen": True}, {"breaker_open": True}, {"wanted_on": False}]
)
@pytest.mark.parametrize(("name", "facts"), HOPEFUL, ids=[row[0] for row in HOPEFUL])
def test_nothing_is_spent_while_it_is_forbidden(name, facts, forbidden):
    assert not [step for step in decide(replace(facts, **forbidden)) if isinstance(step, LIGHTS)]


@pytest.mark.parametrize("kind", list(Stop))
@pytest.mark.parametrize(("name", "facts"), HOPEFUL, ids=[row[0] for row in HOPEFUL])
def test_nothing_is_spent_while_it_is_put_out(name, facts, kind):
    assert not [step for step in decide(replace(facts, stop=stop(kind))) if isinstance(step, LIGHTS)]


FORBIDDEN = [
    ("frozen while lit", lit(frozen=True), [BeginStop(Stop.OFF, "frozen")]),
    (
        "frozen while asleep: it could be woken from outside",
        asleep(frozen=True),
        [BeginStop(Stop.OFF, "frozen")],
    ),
    ("frozen while a wake is under way", off(frozen=True, wake=sent()), [BeginStop(Stop.OFF, "frozen")]),
    ("frozen and off", off(frozen=True), []),
    (
        "broken and something is lit",
        off(breaker_open=True, containers=(booting(),)),
        [BeginStop(Stop.OFF, "failed")],
    ),
    (
        "broken, and a late deploy brought it back",
        asleep(breaker_open=True),
        [BeginStop(Stop.OFF, "failed")],
    ),
    ("broken and off: stays off", off(breaker_open=True, leases=HELD), []),
    (
        "off, and a late deploy brought it back",
        asleep(wanted_on=False),
        [BeginStop(Stop.OFF, "turn_off")],
    ),
    ("turned off with an idle deploy left over", off(deploy=deploy()), [CancelDeploy(5)]),
    ("turned off while a worker is still deploying", off(deploy=deploy(busy=True)), []),
    ("turned off with a wake left over", off(wake=asked()), [CloseWake(3, done=False)]),
]


@pytest.mark.parametrize(("why", "facts", "expected"), FORBIDDEN, ids=[row[0] for row in FORBIDDEN])
def test_what_is_forbidden_is_put_out(why, facts, expected):
    assert decide(facts) == expected


def test_time_over_while_blind_still_puts_it_out():
    """Ending needs no sight; a lease that ended without its order would leave the server lit for nobody."""
    facts = lit(blind=True, leases=(until(NOON - s(1)),))
    assert decide(facts) == [BeginStop(Stop.SLEEP, "until"), EndLeases((1,), "until")]


@pytest.mark.parametrize("reason", ["blind", "prices_stale"])
@pytest.mark.parametrize(
    "facts",
    [
        asleep(leases=(until(NOON + minutes(120), runs_ended=1),)),  # would be lit again
        asleep(leases=(until_idle(),), wake=asked()),  # would be sent
        asleep(leases=(until_idle(),), wake=sent(minutes(9))),  # would be sent again
        lit(leases=(until(NOON + minutes(120)),), containers=(ready(minutes(9)),)),  # would be pinged
    ],
)
def test_blind_or_with_stale_prices_nothing_is_lit_sent_or_pinged(facts: Facts, reason: str) -> None:
    assert decide(facts)
    assert decide(replace(facts, **{reason: True})) == []

"""When a lease pays for a keep-warm ping: 15 min idle window, so a ping is due every 5 min."""

import pytest

from deployments.planning.decide import decide
from deployments.planning.keep_warm import ping_due
from deployments.planning.steps import Ping

from .situations import NOON, WINDOWS, booting, lit, minutes, ready, s, until, until_idle

SIX_MINUTES = minutes(6)
HOUR = until(NOON + minutes(60))


def due(*, since_ready=SIX_MINUTES, lease=HOUR, **changes):
    container = ready(since_ready)
    return ping_due(lit(leases=(lease,), containers=(container,), **changes), container)


def test_a_ping_is_due_a_third_of_a_window_after_ready():
    assert not due(since_ready=minutes(5) - s(1))
    assert due(since_ready=minutes(5))


@pytest.mark.parametrize("mark", ["last_use_at", "last_ping_at"])
def test_use_and_the_last_ping_put_it_off(mark):
    assert not due(**{mark: NOON - minutes(4)})
    assert due(**{mark: NOON - minutes(5)})


def test_a_clock_that_was_moved_back_stops_no_ping():
    """Else the server goes out, is lit again for its lease, and every such boot is paid."""
    before = {"since_ready": -minutes(60), "last_use_at": NOON + minutes(58)}
    assert due(**before, last_ping_at=NOON + minutes(59))
    assert not due(**before, last_ping_at=NOON - minutes(1)), "but one only"


def test_one_lost_ping_costs_nothing():
    """Lost at a third of the window, the next one is due at two thirds: before the server goes out."""
    lost_at = NOON
    second = lost_at + WINDOWS.idle / 3
    goes_out_at = (lost_at - WINDOWS.idle / 3) + WINDOWS.idle
    assert due(since_ready=second - (lost_at - WINDOWS.idle / 3), last_ping_at=lost_at, now=second,
               observed_at=second)  # fmt: skip
    assert second + WINDOWS.tick < goes_out_at


@pytest.mark.parametrize("busy", [{"in_flight": 1}, {"running_inputs": 1}])
def test_requests_keep_it_warm_by_themselves(busy):
    assert not due(**busy)


def test_a_lease_until_idle_pays_for_no_ping():
    assert not due(lease=until_idle())


@pytest.mark.parametrize(("left", "pings"), [(minutes(15) - s(1), False), (minutes(15), True)])
def test_none_within_one_window_of_the_end(left, pings):
    assert due(lease=until(NOON + left), since_ready=minutes(14)) is pings


def test_the_last_ping_comes_one_window_before_the_end_although_none_is_due():
    """So that it stays lit until its end: used 2 min ago, it would go out 2 min too early."""
    at_the_end = until(NOON + minutes(15) + s(3))
    assert due(lease=at_the_end, last_use_at=NOON - minutes(2))
    assert not due(lease=at_the_end, last_ping_at=NOON - s(2)), "but once"
    assert not due(lease=until(NOON + minutes(16)), last_use_at=NOON - minutes(2)), "and not earlier"


def test_the_longest_of_several_leases_counts():
    container = ready(minutes(6))
    short, long = until(NOON + minutes(5), 1), until(NOON + minutes(50), 2)
    assert ping_due(lit(leases=(short, long), containers=(container,)), container)
    assert not ping_due(lit(leases=(short, until_idle(3)), containers=(container,)), container)


def test_a_ping_goes_to_what_was_seen_ready_a_moment_ago():
    """A ping wakes a server that has gone, so an old look is no ground for one."""
    assert due(observed_at=NOON - s(15))
    assert not due(observed_at=NOON - s(16))
    assert not due(observed_at=None)


def test_no_ping_to_a_container_that_boots():
    facts = lit(leases=(HOUR,), containers=(booting(minutes(8)),))
    assert not [step for step in decide(facts) if isinstance(step, Ping)]


def test_the_ping_names_the_ready_run():
    facts = lit(leases=(HOUR,), containers=(ready(minutes(6), 11),))
    assert decide(facts) == [Ping(11)]

"""The laws, under whatever people, workers and the provider do: the decision drives a simulated cloud.

`simulated_panel.Panel.round` asserts in every round: nothing is spent while it is forbidden, no ping within a
window of a lease's end or to what is not ready, a second boot breaks, and what was put out stays dark.
"""

from datetime import timedelta

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from deployments.planning.facts import Stop
from deployments.planning.steps import StopContainers

from .simulated_cloud import Cloud
from .simulated_panel import BOOT, TICK_S, WINDOWS, Panel
from .situations import NOON

seconds = st.integers(min_value=5, max_value=240)
FIRST = st.sampled_from([0, None, None, 90, 180, 240])
rounds = st.integers(min_value=1, max_value=14)
EVENTS = st.one_of(
    st.tuples(st.just("start"), st.none() | seconds),
    st.tuples(st.just("start"), st.none() | seconds),
    st.tuples(st.just("wait"), rounds),
    st.tuples(st.just("wait"), rounds),
    st.tuples(st.just("load"), seconds),
    st.tuples(st.just("sleep"), st.booleans()),
    st.tuples(
        st.sampled_from(["off", "freeze", "lift", "crash", "twice", "lose_answer", "release"]), st.none()
    ),
    st.tuples(st.just("die_after"), st.integers(min_value=0, max_value=2)),
    st.tuples(st.just("blind"), rounds),
    st.tuples(st.just("boot"), st.sampled_from([None, 20, 20, 45, 90])),
)
many = settings(max_examples=60, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])


def panel(*, lit_until_s: float | None = 0) -> Panel:
    """Off; or, where `lit_until_s` is not 0, ready under a lease of so many seconds (None: until idle)."""
    world = Panel(Cloud(now=NOON, idle=WINDOWS.idle, boot=BOOT))
    if lit_until_s != 0:
        world.start(lit_until_s)
        for _ in range(9):
            world.round()
        assert world.cloud.container is not None
        assert world.cloud.container.ready_at is not None
    return world


def happen(world: Panel, what: str, value: object) -> None:
    """One event, and the round after it."""
    cloud = world.cloud
    if what == "start":
        world.start(value)
    elif what == "load":
        cloud.load_until = cloud.now + timedelta(seconds=value)
    elif what == "sleep":
        world.order(Stop.SLEEP, force=value)
    elif what == "off":
        world.order(Stop.OFF)
    elif what == "freeze":
        world.freeze()
    elif what == "lift":
        world.frozen = False
    elif what == "crash":
        cloud.take_away()
    elif what == "twice":
        world.twice = True
    elif what == "lose_answer":
        world.loses_answer = True
    elif what == "release":
        world.current_release += 1
    elif what == "die_after":
        world.dies_after = value
    elif what == "boot":
        cloud.boot = None if value is None else timedelta(seconds=value)
    elif what == "blind":
        cloud.reachable = False
    for _ in range(value if what in ("wait", "blind") else 1):
        world.round()
    cloud.reachable = True


def dark(world: Panel) -> bool:
    return world.cloud.container is None and world.cloud.backlog == 0


@many
@given(FIRST, st.lists(EVENTS, min_size=3, max_size=25))
def test_it_always_goes_out_and_every_order_ends(first, events):
    world = panel(lit_until_s=first)
    for what, value in events:
        happen(world, what, value)
    ends = [lease.until for lease in world.leases.values() if lease.until]
    last = max([world.now, *ends, *filter(None, [world.cloud.load_until])])
    # The longest way out: a boot that fails at its deadline, or one that becomes ready and idles; then the
    # drain, the hard stop, the watch for a relight; a lost wake is sent three times first.
    limit = last + 3 * WINDOWS.resend_after + WINDOWS.boot_deadline + WINDOWS.idle + 2 * WINDOWS.drain
    limit += WINDOWS.relight_watch + timedelta(seconds=8 * TICK_S)
    while world.now < limit:
        world.round()
    event(f"wakes: {min(world.cloud.wakes, 5)}")
    assert dark(world)
    assert world.stop is None
    assert world.wake is None
    assert not world.leases


@many
@given(FIRST, st.lists(EVENTS, max_size=20))
def test_a_dead_panel_leaves_nothing_that_bills_beyond_a_window(first, events):
    """No round follows: what is lit goes out one window after its last request, and a lease that was paid
    for keeps nothing lit beyond its end."""
    world = panel()
    for what, value in events:
        happen(world, what, value)
    world.cloud.load_until = None
    if world.cloud.boot is None or (world.cloud.container and world.cloud.container.boot is None):
        return  # a boot that hangs ends by the provider's own startup limit
    ends = [lease.until for lease in world.leases.values() if lease.until]
    box = world.cloud.container
    booting = box is None or box.ready_at is None
    since = world.now + (world.cloud.boot + timedelta(seconds=90) if booting else timedelta(0))
    paid_until = since if booting or box is None else box.goes_out_after
    last = max(paid_until, since if booting else paid_until) + WINDOWS.idle
    pinged = world.last_ping_at is not None and box is not None and box.last_request == world.last_ping_at
    if pinged and ends and len(ends) == len(world.leases):
        assert last <= max(ends) + timedelta(seconds=TICK_S) or booting
    world.cloud.pass_time((last - world.now).total_seconds() + 2)
    assert dark(world)


@given(st.lists(st.sampled_from(["twice", "wait"]), max_size=6), st.integers(min_value=2, max_value=4))
@settings(max_examples=20, deadline=None, database=None)
def test_any_number_of_starts_makes_one_deploy_and_one_wake(events, people):
    world = panel()
    for _ in range(people):
        world.start(None)
    for what in events:
        happen(world, what, 1)
    for _ in range(10):
        world.round()
    assert world.deploys == 1
    assert world.cloud.wakes == 1
    assert world.cloud.container is not None
    assert world.cloud.container.ready_at is not None


@many
@given(st.integers(min_value=1, max_value=60), st.booleans(), seconds)
def test_sleep_under_load_never_lights_it_again(wait, force, load):
    """What a hard stop reschedules may not boot eight GPUs for nobody."""
    world = panel(lit_until_s=None)
    happen(world, "load", load)
    world.cloud.pass_time(wait % 5)
    world.order(Stop.SLEEP, force=force)
    lit = world.cloud.lit_seconds
    for _ in range(40):
        world.round()
    assert dark(world)
    assert world.stop is None
    allowed = WINDOWS.drain * 2 + WINDOWS.relight_watch + timedelta(seconds=3 * TICK_S)
    assert world.cloud.lit_seconds - lit <= allowed.total_seconds()


@given(st.integers(min_value=70, max_value=400))
@settings(max_examples=40, deadline=None, database=None)
def test_a_lease_until_a_time_keeps_it_lit_until_then_and_not_much_longer(until_s):
    """One boot, lit until the end of the lease, and no second boot for its last seconds."""
    world = panel()
    world.start(until_s)
    end = world.now + timedelta(seconds=until_s)
    while world.now < end - timedelta(seconds=2 * TICK_S):
        world.round()
    assert world.cloud.container is not None, "it went out before its time"
    for _ in range(20):
        world.round()
    assert dark(world)
    assert world.cloud.wakes == 1
    waste = world.cloud.lit_seconds - until_s
    assert waste <= TICK_S


def test_one_lost_ping_does_not_let_it_go_out():
    world = panel()
    world.start(200)
    lost = False
    while world.now < NOON + timedelta(seconds=180):
        world.loses_answer = not lost and world.wake is None and world.cloud.wakes == 1
        before = world.last_ping_at
        world.round()
        lost = lost or world.last_ping_at != before
    assert lost
    assert world.cloud.container is not None
    assert world.cloud.wakes == 1


def test_a_start_while_it_is_put_to_sleep_is_honoured():
    world = panel(lit_until_s=None)
    happen(world, "load", 8)
    world.order(Stop.SLEEP)
    world.round()
    world.start(None)
    for _ in range(20):
        world.round()
    assert world.cloud.wakes == 2
    assert world.cloud.container is not None


def test_a_crash_loop_costs_one_boot():
    """The provider starts a crashed container again for ever; the first death puts it out."""
    world = panel()
    world.start(None)
    for _ in range(6):
        world.round()
    assert world.cloud.container is not None
    world.cloud.take_away()
    for _ in range(20):
        world.round()
    assert dark(world)
    assert world.broken
    assert world.live_release is None
    assert next(world.cloud.numbers) <= 3, "at most one more container was begun"


def test_the_simulation_can_fail():
    """The cloud does light again what is only stopped under load: without the decision it would burn on."""
    world = panel(lit_until_s=None)
    world.cloud.load_until = world.now + timedelta(seconds=60)
    world.cloud.pass_time(2)
    world._do(StopContainers(("ta-1",), graceful=False))
    world.cloud.pass_time(3)
    assert world.cloud.container is not None

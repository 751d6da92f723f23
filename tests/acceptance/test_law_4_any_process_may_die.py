"""Any process may die at any moment: it is started again, nothing is lost, nothing is paid twice."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.patience import until

from .panel import Panel, Server, ask

# Longer than the parts take to come back: the worker of a deploy is given up after 15 s of silence, and the
# claim of one that looked at the provider after 45 s. What is lit stays lit for 60 s meanwhile.
RECOVERY_S = 120.0
STUCK = """
from deployments.models import *
from django.utils import timezone
print(
    Deploy.objects.filter(status__in=OPEN_DEPLOYS).count(),
    Wake.objects.filter(status__in=OPEN_WAKES).count(),
    Deployment.objects.filter(reconcile_claimed_until__gt=timezone.now()).count(),
    Deployment.objects.exclude(stop_kind="").count(),
)
"""


def deploys(server: Server) -> int:
    """How often the server's app was brought to the provider."""
    publishes = server.panel.control.calls("AppPublish")
    return sum(call["status"] == "OK" and call["request"]["name"] == server.app for call in publishes)


def lives(server: Server) -> list[dict[str, Any]]:
    """All containers there have been of it."""
    return [c for c in server.panel.control.containers() if c["app"] == server.app]


def nothing_is_stuck(panel: Panel) -> None:
    """No row waits for a worker that is dead."""
    until(lambda: panel.shell(STUCK).split() == ["0", "0", "0", "0"], limit_s=90)


def test_two_starts_at_once_make_one_deploy_and_one_run(panel: Panel) -> None:
    server = panel.make("twins")
    with ThreadPoolExecutor(8) as pool:
        leases = list(pool.map(lambda n: server.start(reason=f"start {n}")["id"], range(8)))
    assert len(set(leases)) == 8
    server.reaches("ready")
    assert deploys(server) == 1
    assert len(lives(server)) == 1
    assert len(server.runs()) == 1
    server.turn_off(force=True)
    server.reaches("off")


def test_workers_killed_in_the_middle_lose_nothing_and_pay_nothing_twice(panel: Panel) -> None:
    deployed, woken, slept = (
        panel.make(name, idle_window_s=3600) for name in ("mid-deploy", "mid-wake", "mid-sleep")
    )
    woken.start()
    slept.start()
    woken.reaches("ready")
    woken.sleep()
    woken.reaches("asleep")
    slept.reaches("ready")
    panel.control.set_fault("rpc_slow", rpcs=["AppPublish", "ContainerStop"], seconds=4.0)
    publishing, stopping = _count(panel, "AppPublish"), _count(panel, "ContainerStop")
    deployed.start()
    until(lambda: _count(panel, "FunctionCreate") and deployed.state() == "deploying")
    until(lambda: _deploy_is_busy(panel))
    woken.start()
    slept.sleep()
    until(lambda: slept.state() == "stopping")
    until(lambda: woken.running(), limit_s=30)
    workers = [panel.part("control"), panel.part("deploy")]
    for worker in workers:
        worker.kill()
    assert _count(panel, "AppPublish") == publishing, "the deploy was cut off in its middle"
    assert _count(panel, "ContainerStop") == stopping or slept.state() == "stopping"
    until(lambda: panel.part("deploy").pid != workers[1].pid, limit_s=60)
    panel.control.clear_faults()
    deployed.reaches("ready", limit_s=RECOVERY_S)
    slept.reaches("asleep", "off", limit_s=RECOVERY_S)
    assert woken.reaches("ready", "asleep")["failure"] is None
    assert deploys(deployed) == 1
    assert (len(lives(deployed)), len(lives(woken)), len(lives(slept))) == (1, 2, 1)
    for server in (deployed, woken, slept):
        server.turn_off(force=True)
    for server in (deployed, woken, slept):
        server.reaches("off")
        assert all(run["ended_at"] for run in server.runs())
    nothing_is_stuck(panel)


def _count(panel: Panel, rpc: str) -> int:
    return len(panel.control.calls(rpc))


def _deploy_is_busy(panel: Panel) -> bool:
    """The command line of the provider is at work."""
    return any("modal_app.py" in " ".join(child.cmdline()) for child in panel.part("deploy").children())


def test_broker_and_cloud_killed_while_lit_end_in_a_true_state(panel: Panel) -> None:
    server = panel.make("outages", idle_window_s=3600)
    server.start()
    until(lambda: server.state() == "waking", limit_s=60)
    panel.kill("valkey")
    server.reaches("ready", limit_s=RECOVERY_S)
    assert deploys(server) == 1
    assert len(lives(server)) == 1
    assert ask(panel, "outages").status == 200

    panel.kill("sandbox")
    # Its containers went down with it. What is shown is what is there, and a request or start works again.
    until(lambda: _truth(server), limit_s=RECOVERY_S)
    if server.state() != "ready":
        server.start()
    server.reaches("ready", limit_s=RECOVERY_S)
    until(lambda: ask(panel, "outages").status == 200, limit_s=60)
    server.turn_off()
    server.reaches("off")
    assert server.running() == []
    nothing_is_stuck(panel)


def _truth(server: Server) -> bool:
    """The state is one of rest, and fits what runs at the provider."""
    state, running = server.state(), bool(server.panel.on(server.slug).running())
    return (state == "ready" and running) or (state in ("asleep", "off") and not running)

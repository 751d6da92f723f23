"""Whatever dies or goes wrong, the server goes out in time, and nothing lights it again."""

import subprocess
from collections.abc import Container, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from sandbox.launch import launch
from tests.patience import until

from .panel import SPEED, Panel, Server, ask, holds

IDLE_WINDOW_S = 600
WINDOW_S = IDLE_WINDOW_S / SPEED
# What the processes of a small, busy machine may add to a time.
MARGIN_S = 6.0
# The end of a recorded start of vLLM 0.32 whose cache did not fit.
DEATH = (
    "(EngineCore pid=31141) ERROR 11-23 07:27:35 [core.py:1510] EngineCore failed to start.\n"
    "(EngineCore pid=31141) ERROR 11-23 07:27:35 [core.py:1510] Traceback (most recent call last):\n"
    "(EngineCore pid=31141) ERROR 11-23 07:27:35 [core.py:1510]     raise ValueError(\n"
    "(EngineCore pid=31141) ERROR 11-23 07:27:35 [core.py:1510] ValueError: To serve at least one request "
    "with the model's max seq len (4000000), (1.91 GiB KV cache is needed, which is larger than the "
    "available KV cache memory (1.0 GiB). Based on the available memory, the estimated maximum model length "
    "is 2097024. Try increasing `gpu_memory_utilization` or decreasing `max_model_len`.\n"
    "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): "
    "{'EngineCore': 1}\n"
)


def test_panel_killed_while_it_keeps_a_server_warm_leaves_nothing_burning(tmp_path: Path) -> None:
    """The sandbox is no child of this panel: it lives on, as the real cloud would."""
    with launch(tmp_path / "cloud", speed=SPEED) as cloud:
        names = ("MODAL_SERVER_URL", "MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET")
        panel = Panel(tmp_path / "data", **{name: cloud.environ[name] for name in names})
        try:
            panel.start()
            # An account of the environment is taken for a real one, whose seconds are seconds of life.
            panel.shell(f"from deployments.models import Account; Account.objects.update(speed={SPEED})")
            server = panel.make("warm", idle_window_s=IDLE_WINDOW_S)
            server.start(until=datetime.now(UTC) + timedelta(hours=1))
            server.reaches("ready")
            pinged = cloud.control.counts()["paths"]["/health"]
            lit = [c["id"] for c in cloud.control.containers(running=True)]
            holds(lambda: cloud.control.containers(running=True), for_s=1.4 * WINDOW_S)
            assert [c["id"] for c in cloud.control.containers(running=True)] == lit, "one life, kept warm"
            assert cloud.control.counts()["paths"]["/health"] >= pinged + 2
            _kill_all(panel)
            until(lambda: not cloud.control.containers(running=True), limit_s=WINDOW_S + MARGIN_S)
        finally:
            panel.close()


def _kill_all(panel: Panel) -> None:
    """SIGKILL to every process of the panel at one time, the supervisor first."""
    assert panel.process is not None
    panel.note_processes()
    panel.process.kill()
    for each in panel.survivors():
        each.kill()
    panel.process.wait()
    until(lambda: not panel.survivors(), limit_s=10)


def test_starts_that_go_wrong_end_say_why_and_stay_out(panel: Panel) -> None:
    control = panel.control
    control.set_fault("boot_dies", app="dies", at="cache", log=DEATH)
    control.set_fault("boot_hangs", app="hangs", at="weights")
    control.set_fault("engine_dies_after_ready", app="dies-later", after_s=120.0)
    servers = {
        name: panel.make(name, idle_window_s=IDLE_WINDOW_S)
        for name in ("dies", "hangs", "dies-later", "comes-twice")
    }
    for server in servers.values():
        server.start()
    _take_away_while_it_boots(servers["comes-twice"])
    # Three times the recipe's 275 s, from the container's start; deploys come before that.
    for server in servers.values():
        server.reaches("failed", limit_s=90)
    # Which is seen first, the end of the one or the coming of the next, is for chance to say.
    again = ("boot_repeated", "boot_died")
    _says(servers["dies"], again, "larger than the available KV cache memory")
    _diagnosed(servers["dies"], "context-exceeds-cache", "ValueError: To serve at least one request")
    _says(servers["hangs"], ("boot_timeout",), "")
    _diagnosed(servers["hangs"], "start-hung", "")
    _says(servers["dies-later"], ("engine_died",), "ngine")
    _says(servers["comes-twice"], again, "")
    _hung_no_longer_than_allowed(panel)
    until(lambda: not any(server.running() for server in servers.values()), limit_s=10)
    known = _lives(panel, servers)
    holds(lambda: _lives(panel, servers) == known, for_s=2 * WINDOW_S)
    for server in servers.values():
        assert server.state() == "failed"
        _books_are_closed(server)
    dead = ask(panel, "dies-later")
    assert dead.status >= 400, "a request lights nothing either"
    assert _lives(panel, servers) == known


def _lives(panel: Panel, apps: Container[str]) -> int:
    """How many containers there have ever been of these apps."""
    return sum(each["app"] in apps for each in panel.control.containers())


def _take_away_while_it_boots(server: Server) -> None:
    def booting() -> bool:
        return any(each["started_at"] and not each.get("ready") for each in server.running())

    until(lambda: booting() and server.runs(), limit_s=60)
    server.panel.control.preempt(server.running()[0]["id"])


def _says(server: Server, reasons: Container[str], evidence: str) -> None:
    # A last line may come a little after the end that it explains.
    until(lambda: evidence in server.status()["failure"]["evidence"], limit_s=20)
    status = server.status()
    failure = status["failure"]
    assert failure["reason"] in reasons, failure
    assert Decimal(failure["burned_usd"]) > 0
    assert failure["title"] in status["sentence"]
    assert "burned" in status["sentence"]
    assert status["leases"] == []


def _diagnosed(server: Server, code: str, evidence: str) -> None:
    """The log doctor names the cause, not its echo, and the line stands in the log."""
    until(lambda: server.status()["failure"]["diagnosis"], limit_s=20)
    card = server.status()["failure"]["diagnosis"]
    assert card["code"] == code, card
    assert evidence in card["evidence"]
    assert server.log(card["evidence"][-60:])


def _hung_no_longer_than_allowed(panel: Panel) -> None:
    run = next(run for run in panel.on("hangs").runs())
    allowed_s = panel.wall_s(3 * 275)
    assert run["lit_s"] < allowed_s + MARGIN_S, f"{run['lit_s']} s of {allowed_s} s"


def _books_are_closed(server: Server) -> None:
    runs = server.runs()
    assert all(run["ended_at"] for run in runs)
    assert Decimal(server.status()["failure"]["burned_usd"]) == sum(Decimal(run["cost_usd"]) for run in runs)


def test_sleep_under_load_ends_and_nothing_comes_back(panel: Panel) -> None:
    server = panel.make("loaded", idle_window_s=IDLE_WINDOW_S)
    server.start()
    server.reaches("ready")
    with _long_answer(panel, server) as stream:
        until(lambda: server.status()["in_flight"] >= 1)
        known = [each["id"] for each in server.running()]
        server.sleep(force=True)
        server.reaches("asleep", "off", limit_s=40)
        assert server.running() == []
        until(lambda: stream.poll() is not None, limit_s=30)
        holds(lambda: not server.running(), for_s=1.5 * WINDOW_S)
    lives = [c["id"] for c in panel.control.containers() if c["app"] == server.app]
    assert set(known) <= set(lives)
    assert server.state() in ("asleep", "off")
    assert server.runs()[0]["ended_at"]


@contextmanager
def _long_answer(panel: Panel, server: Server) -> Iterator[subprocess.Popen[bytes]]:
    """A stream of thousands of words that a program reads; ended with the block."""
    words = '{"role": "user", "content": "Write a text of 19000 words."}'
    body = f'{{"model": "{server.slug}", "stream": true, "max_tokens": 40000, "messages": [{words}]}}'
    reader = subprocess.Popen(
        ["curl", "-sSN", "-H", "@-", "-H", "Content-Type: application/json", "-d", body,
         f"{panel.url}/v1/chat/completions"],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert reader.stdin is not None
    reader.stdin.write(f"Authorization: Bearer {panel.key}".encode())
    reader.stdin.close()
    try:
        yield reader
    finally:
        reader.kill()
        reader.wait()


def test_a_window_of_a_schedule_opens_by_itself_and_ends_by_itself(panel: Panel) -> None:
    """Its end is moved into the next minute while it is lit, and the lease follows."""
    server = panel.make("planned", idle_window_s=IDLE_WINDOW_S)
    now = datetime.now(UTC)
    wish = {
        "name": "Window", "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "starts": f"{now:%H:%M}",
        "ends": f"{now + timedelta(hours=2):%H:%M}", "lead": False,
    }  # fmt: skip
    price = panel.post(f"{server.path}/schedules/preview", wish).body["usd_per_week"]
    made = panel.post(f"{server.path}/schedules", wish | {"seen_usd_per_week": price})
    assert made.status == 201, made.text
    server.reaches("ready")
    assert [lease["via"] for lease in server.status()["leases"]] == ["schedule"]
    end = datetime.now(UTC) + timedelta(seconds=12)
    panel.shell(
        "from datetime import time; from deployments.models import Schedule;"
        f"Schedule.objects.update(ends=time({end.hour}, {end.minute}, {end.second}))"
    )
    server.reaches("asleep", limit_s=12 + 3 * MARGIN_S)
    assert len(server.runs()) == 1
    assert server.runs()[0]["end_reason"] == "until"

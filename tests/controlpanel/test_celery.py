"""The queue's promises, on a real broker."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis
from kombu.exceptions import OperationalError

from controlpanel.celery import AT_ONCE, BEAT_SCHEDULE, CONTROL, DEPLOY, app, tell_at_once
from controlpanel.supervisor.broker import _binary

ROOT = Path(__file__).resolve().parents[2]
TASKS = """
import os, pathlib, time
from celery import shared_task
from controlpanel.celery import app

if os.environ.get("PROBE_TIMEOUT_S"):  # in life it is a minute
    app.conf.broker_transport_options |= {"visibility_timeout": int(os.environ["PROBE_TIMEOUT_S"])}

@shared_task(name="probe.note")
def note(folder, number):
    with open(f"{folder}/began", "a") as file:
        file.write(f"{number}\\n")
    while not pathlib.Path(f"{folder}/go").exists():
        time.sleep(0.02)
    with open(f"{folder}/done", "a") as file:
        file.write(f"{number}\\n")
"""


def test_only_json_is_spoken() -> None:
    assert set(app.conf.accept_content) == {"json"}
    assert (app.conf.task_serializer, app.conf.result_serializer) == ("json", "json")


def test_every_scheduled_task_exists_and_expires() -> None:
    app.loader.import_default_modules()
    for entry in BEAT_SCHEDULE.values():
        assert entry["task"] in app.tasks
        deploys = entry["task"] == "deployments.tasks.heartbeat_of_deploys"
        assert entry["options"]["queue"] == (DEPLOY if deploys else CONTROL)
        assert 0 < entry["options"]["expires"] <= max(entry["schedule"], 5)


@pytest.mark.parametrize(
    ("name", "seconds"), [("reconcile_all", 5), ("observe_all", 2), ("heartbeat", 10), ("prune", 3600)]
)
def test_the_clock(name: str, seconds: float) -> None:
    schedules = {entry["task"]: entry["schedule"] for entry in BEAT_SCHEDULE.values()}
    assert schedules[f"deployments.tasks.{name}"] == seconds


def test_a_clock_that_begins_asks_at_once_for_signs_of_life_and_prices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[tuple[str, str]] = []
    monkeypatch.setattr(app, "send_task", lambda task, *, retry, queue, expires: sent.append((task, queue)))
    tell_at_once()
    assert sent == [
        ("deployments.tasks.heartbeat", CONTROL),
        ("deployments.tasks.heartbeat_of_deploys", DEPLOY),
        ("deployments.tasks.refresh_prices", CONTROL),
    ]


def test_a_clock_begins_although_the_broker_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def away(task: str, **_: object) -> None:
        asked.append(task)
        raise OperationalError("Error 2 connecting to the broker.")

    monkeypatch.setattr(app, "send_task", away)
    tell_at_once()
    assert len(asked) == len(AT_ONCE)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def broker(tmp_path_factory: pytest.TempPathFactory, stack: ExitStack) -> str:
    """The URL of a broker as `up` starts it."""
    folder = tmp_path_factory.mktemp("b")
    path = folder / "s"
    argv = [_binary(), "--port", "0", "--unixsocket", str(path), "--dir", str(folder)]
    server = subprocess.Popen([*argv, "--appendonly", "yes", "--save", ""], stdout=subprocess.DEVNULL)
    stack.callback(server.wait)
    stack.callback(server.kill)
    retry = redis.retry.Retry(redis.backoff.ConstantBackoff(0.05), 200)
    redis.Redis(unix_socket_path=str(path), retry=retry, retry_on_error=[redis.ConnectionError]).ping()
    return f"unix://{path}"


class Panel:
    """Workers and a sender on one broker."""

    def __init__(self, broker: str, folder: Path, stack: ExitStack) -> None:
        (folder / "probe.py").write_text(TASKS)
        self.folder = folder
        self.stack = stack
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{folder}:{ROOT}",
            "REDIS_URL": broker,
            "PANEL_DATA_DIR": str(folder / "var"),
        }

    def worker(self) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-m", "celery", "-A", "controlpanel", "--quiet", "worker", "-Q", "control"]
        argv += ["--pool", "threads", "-c", "4", "--include", "probe", "--without-mingle", "--without-gossip"]
        process = subprocess.Popen([*argv, "--without-heartbeat"], cwd=ROOT, env=self.environment)
        self.stack.callback(process.wait)
        self.stack.callback(process.kill)
        return process

    def send(self, count: int) -> None:
        sending = f"c.app.send_task('probe.note', [{str(self.folder)!r}, n], queue='control')"
        code = f"import controlpanel.celery as c\nfor n in range({count}): {sending}"
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=self.environment, check=True)

    def lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().split() if path.exists() else []

    def until(self, name: str, count: int, limit_s: float = 30.0) -> None:
        """Wait until `count` different numbers stand in file `name`."""
        pause, waited = threading.Event(), 0.0
        while len(set(self.lines(name))) < count:
            assert waited < limit_s, f"{self.lines(name)} of {count} after {limit_s} s"
            pause.wait(0.05)
            waited += 0.05


@pytest.fixture
def panel(broker: str, tmp_path: Path, stack: ExitStack) -> Panel:
    return Panel(broker, tmp_path, stack)


@pytest.mark.slow
def test_the_tasks_of_a_killed_worker_are_done_by_the_next(panel: Panel) -> None:
    panel.environment["PROBE_TIMEOUT_S"] = "2"
    first = panel.worker()
    panel.send(6)
    panel.until("began", 4)
    first.kill()
    first.wait()
    assert panel.lines("done") == []
    (panel.folder / "go").touch()
    panel.worker()
    panel.until("done", 6)


@pytest.mark.slow
def test_a_worker_that_is_told_to_stop_finishes_what_runs(panel: Panel) -> None:
    worker = panel.worker()
    panel.send(2)
    panel.until("began", 2)
    worker.send_signal(signal.SIGTERM)
    threading.Timer(0.3, (panel.folder / "go").touch).start()
    assert worker.wait(timeout=20) == 0
    assert sorted(panel.lines("done")) == ["0", "1"]

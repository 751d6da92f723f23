"""`manage.py up` as a person starts it: real processes, an own data folder with a space in its name."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from controlpanel.supervisor.lock import check_port
from sandbox.cloud import ports

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.slow


class Panel:
    """One `manage.py up`, its output and its processes."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.environment = {
            "PATH": os.environ["PATH"],
            "PANEL_DATA_DIR": str(folder),
            "PORT": str(port),
            "SANDBOX_SPEED": "200",
        }
        self.process: subprocess.Popen[str] | None = None
        self.seen: dict[int, psutil.Process] = {}
        self.output = ""

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            argv, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False, timeout=60
        )

    def start(self) -> None:
        self.output = ""
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.reader = threading.Thread(target=self._read, args=(self.process.stdout,))
        self.reader.start()
        self.until(lambda: "Ctrl-C stops it." in self.output)
        self.note_processes()

    def _read(self, stream: Iterator[str]) -> None:
        for line in stream:
            self.output += line

    def note_processes(self) -> None:
        assert self.process is not None
        self.seen |= {each.pid: each for each in psutil.Process(self.process.pid).children(recursive=True)}

    def child(self, part: str) -> psutil.Process:
        self.note_processes()
        alive = [each for each in self.seen.values() if is_alive(each) and part in " ".join(each.cmdline())]
        return alive[0]

    def until(self, condition: Callable[[], object], limit_s: float = 60.0) -> None:
        pause, waited = threading.Event(), 0.0
        while not condition():
            assert waited < limit_s, self.output
            pause.wait(0.05)
            waited += 0.05

    def status(self, path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def survivors(self) -> list[str]:
        return [" ".join(each.cmdline()) for each in self.seen.values() if is_alive(each)]

    def end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.note_processes()
        self.process.send_signal(number)
        code = self.process.wait(timeout=40)
        self.reader.join(timeout=10)
        return code


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def panel(tmp_path: Path) -> Iterator[Panel]:
    holder = ports.hold()
    panel = Panel(tmp_path / "my panel", ports.number(holder))
    yield panel
    holder.close()
    if panel.process and panel.process.poll() is None:
        panel.end(signal.SIGKILL)
    for each in panel.seen.values():
        if is_alive(each):
            each.kill()


def private(path: Path) -> bool:
    return path.stat().st_mode & 0o077 == 0


def test_a_panel_starts_mends_itself_stops_and_goes_on(panel: Panel) -> None:
    panel.start()
    panel.until(lambda: panel.status("/readyz") == 200)
    link = re.search(r"/accounts/link/[^/]+/", panel.output)
    assert link is not None
    assert panel.status(link.group()) == 200
    assert "user   admin" in panel.output
    assert "nobody is billed" in panel.output
    assert private(panel.folder)
    assert private(panel.folder / "sandbox-tokens.json")
    assert private(panel.folder / "valkey" / "valkey.sock")

    second = panel.command("up")
    assert second.returncode == 1
    assert f"already runs on {panel.folder}" in second.stderr
    assert "Traceback" not in second.stderr

    panel.child("uvicorn").kill()
    panel.until(lambda: "web ended (signal 9)" in panel.output)
    panel.until(lambda: panel.status("/healthz") == 200)

    assert panel.end(signal.SIGINT) == 0
    assert panel.output.rstrip().endswith("Stopped.")
    assert panel.survivors() == []
    for secret in json.loads((panel.folder / "sandbox-tokens.json").read_text()).values():
        assert secret not in panel.output

    kept = (panel.folder / "secret-key").read_text()
    panel.start()
    panel.until(lambda: panel.status("/readyz") == 200)
    assert (panel.folder / "secret-key").read_text() == kept
    panel.end(signal.SIGKILL)
    panel.until(lambda: panel.survivors() == [], limit_s=20)


def test_a_taken_port_is_named(panel: Panel) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", panel.port))
        other.listen()
        result = panel.command("up")
    assert result.returncode == 1
    assert f"PORT={panel.port + 1} make run" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_port_that_is_let_go_of_is_waited_for() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        threading.Timer(0.2, other.close).start()
        check_port(port, patience_s=10)

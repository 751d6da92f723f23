"""A panel as people run it: `manage.py up` in a folder of its own, steered over REST."""

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import psutil

from sandbox.client import ControlClient
from sandbox.cloud import ports
from tests import migrated
from tests.patience import until

from .shell import Shell

ROOT = Path(__file__).resolve().parents[2]
SLUG, MODEL = "glm-5-2-fp8", "glm-5.2-fp8"
PASSWORD = "correct horse battery staple 7"
# How many times faster than life the stand-in boots and idles: a boot takes 5 s, an idle window 15 s.
SPEED = 60
# What a part of the panel has on its command line, and nothing else has.
PARTS = {
    "web": "uvicorn", "control": "--queues control", "deploy": "--queues deploy", "beat": " beat ",
    "runner": "manage.py runner", "valkey": "valkey-server", "sandbox": "-m sandbox --dir",
}  # fmt: skip
_CREATE_KEY = """
from django.core.management import call_command
call_command("create_key", user="admin", name="test", scopes="read,chat,wake,operate,admin")
"""


@dataclass(frozen=True)
class Answer:
    """What REST answered."""

    status: int
    body: Any
    text: str
    headers: Mapping[str, str]


class Panel:
    """One data folder, one port, and the processes of its present life."""

    def __init__(
        self, folder: Path, *, speed: float = SPEED, from_nothing: bool = False, **environment: str
    ) -> None:
        """`from_nothing`: the first start finds an empty folder and migrates, as `make run` does."""
        self.folder, self.speed = folder, speed
        if not from_nothing:
            migrated.copy_file(folder / "panel.sqlite3")
        # Until it is closed: between two starts nobody else may get the port.
        self._port_holder = ports.hold()
        self.port = ports.number(self._port_holder)
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "PATH": os.environ["PATH"],
            "PANEL_DATA_DIR": str(folder),
            "PORT": str(self.port),
            "PANEL_ADMIN_PASSWORD": PASSWORD,
            "SANDBOX_SPEED": str(speed),
            **environment,
        }
        self.output = ""
        self.key = ""
        self.process: subprocess.Popen[str] | None = None
        self._shell = Shell(self.environment)
        self._seen: dict[int, psutil.Process] = {}
        self._reader: threading.Thread | None = None

    def wall_s(self, life_s: float) -> float:
        """Seconds of this machine that so many of life take in the stand-in."""
        return life_s / self.speed

    # Its processes

    def start(self) -> "Panel":
        """Start it and wait until it says that it is there."""
        begun, begun_at = len(self.output), datetime.now(UTC)
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up"], cwd=ROOT, env=self.environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self._reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self._reader.start()
        until(lambda: "Ctrl-C stops it." in self.output[begun:] or self._has_ended(), limit_s=120)
        assert not self._has_ended(), self.output
        if not self.key:
            self.key = self.shell(_CREATE_KEY)
        until(lambda: _seen_since(self.on().status()["observed_at"], begun_at), limit_s=60)
        self.note_processes()
        return self

    def command(self, *arguments: str, stdin: str | None = None) -> str:
        """One command of manage.py; what it printed."""
        argv = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            argv, cwd=ROOT, env=self.environment, input=stdin, capture_output=True, text=True, timeout=120,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def shell(self, code: str) -> str:
        """Python in the panel's own surroundings; what it printed."""
        return self._shell.run(code)

    def part(self, name: str) -> psutil.Process:
        """The living process of a part; waits for one that is being started again."""
        found: list[psutil.Process] = []

        def there() -> bool:
            found[:] = [each for each in self._children() if PARTS[name] in f"{_line(each)} "]
            return bool(found)

        until(there, limit_s=40)
        return found[0]

    def kill(self, name: str) -> None:
        """SIGKILL to one part; returns when another one has been started in its place."""
        dead = self.part(name)
        dead.kill()
        until(lambda: self.part(name).pid != dead.pid, limit_s=60)

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """End it as Ctrl-C does; the exit code. Nothing may be left."""
        assert self.process is not None
        self.note_processes()
        self.process.send_signal(number)
        code = self.process.wait(timeout=90)
        if self._reader is not None:
            self._reader.join(timeout=10)
        until(lambda: not self.survivors(), limit_s=20)
        return code

    def close(self) -> None:
        """Leave nothing running, whatever has happened."""
        self._shell.close()
        if self.process is not None and self.process.poll() is None:
            self.note_processes()
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for each in self.survivors():
            each.kill()
        self._port_holder.close()

    def note_processes(self) -> None:
        """Remember what runs now, so that what survives is found."""
        for each in self._children():
            self._seen[each.pid] = each

    def survivors(self) -> list[psutil.Process]:
        """Processes that were seen and still live."""
        return [each for each in self._seen.values() if is_alive(each)]

    def _children(self) -> list[psutil.Process]:
        if self.process is None or self.process.poll() is not None:
            return []
        try:
            return [p for p in psutil.Process(self.process.pid).children(recursive=True) if is_alive(p)]
        except psutil.NoSuchProcess:
            return []

    def _has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self.output += line

    # Its REST API

    def get(self, path: str, *, root: bool = False) -> Answer:
        """GET below /api/v1, or below the root."""
        return self.call("GET", path, root=root)

    def post(self, path: str, body: Any = None) -> Answer:
        """POST below /api/v1."""
        return self.call("POST", path, {} if body is None else body)

    def call(self, method: str, path: str, body: Any = None, *, root: bool = False) -> Answer:
        """One request with the key; status 0 where nobody answers."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        request = urllib.request.Request(  # noqa: S310 - the URL is the panel's own
            self.url + ("" if root else "/api/v1") + path, data=data, headers=headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=330) as response:  # noqa: S310
                return _answer(response.status, response.read(), response.headers)
        except urllib.error.HTTPError as error:
            return _answer(error.code, error.read(), error.headers)
        except OSError as error:
            return Answer(0, None, str(error), {})

    def on(self, slug: str = SLUG) -> "Server":
        """One deployment of this panel."""
        return Server(self, slug)

    def make(self, slug: str, **changes: Any) -> "Server":
        """Another deployment of the first one's configuration, as an app of its own, off."""
        config = (
            self.get(f"/deployments/{SLUG}").body["config"]
            | {"app_name": slug, "served_name": slug}
            | changes
        )
        made = self.post("/deployments", {"slug": slug, "name": slug, "config": config})
        assert made.status == 201, made.text
        return Server(self, slug)

    # Its stand-in cloud

    @property
    def control(self) -> ControlClient:
        """The control of the sandbox that it runs now; waits for one that is being started again."""
        written = self.folder / "sandbox" / "endpoint.json"
        until(written.exists, limit_s=60)
        endpoint = json.loads(written.read_text())
        return ControlClient(endpoint["control_url"], self.secrets()["SANDBOX_CONTROL_TOKEN"])

    def secrets(self) -> dict[str, str]:
        """The sandbox's tokens."""
        found: dict[str, str] = json.loads((self.folder / "sandbox-tokens.json").read_text())
        return found

    def running(self, app: str | None = None) -> list[dict[str, Any]]:
        """Containers that run at the sandbox now: all, or of one app."""
        return [c for c in self.control.containers(running=True) if app in (None, c["app"])]


@dataclass(frozen=True)
class Server:
    """One deployment, as REST shows it."""

    panel: Panel
    slug: str

    @property
    def path(self) -> str:
        """Where it is in REST."""
        return f"/deployments/{self.slug}"

    @property
    def app(self) -> str:
        """The name of its app at the provider."""
        return "glm5-2-inference" if self.slug == SLUG else self.slug

    def status(self) -> dict[str, Any]:
        """The state now."""
        answer = self.panel.get(f"{self.path}/status")
        assert answer.status == 200, f"{answer.text}\n{self.panel.output[-4000:]}"
        body: dict[str, Any] = answer.body
        return body

    def state(self) -> str:
        """The state now, in a word; empty while the panel does not answer."""
        answer = self.panel.get(f"{self.path}/status")
        return str(answer.body["state"]) if answer.status == 200 else ""

    def start(self, until: datetime | None = None, reason: str = "acceptance") -> dict[str, Any]:
        """Ask for it to be lit; the lease."""
        wish = {"until": until.isoformat() if until else None, "reason": reason}
        answer = self.panel.post(f"{self.path}/start", wish)
        assert answer.status == 202, answer.text
        body: dict[str, Any] = answer.body
        return body

    def sleep(self, *, force: bool = False) -> None:
        """Ask for it to be put to sleep."""
        answer = self.panel.post(f"{self.path}/sleep", {"force": force})
        assert answer.status == 202, answer.text

    def turn_off(self, *, force: bool = False) -> None:
        """Ask for it to be turned off."""
        answer = self.panel.post(f"{self.path}/turn-off", {"force": force})
        assert answer.status == 202, answer.text

    def reaches(self, *states: str, limit_s: float = 90.0) -> dict[str, Any]:
        """Wait until it is in one of `states`; its status then."""
        last: dict[str, Any] = {}

        def there() -> bool:
            answer = self.panel.get(f"{self.path}/status")
            if answer.status == 200:
                last.clear()
                last.update(answer.body)
            return last.get("state") in states

        try:
            until(there, limit_s=limit_s)
        except AssertionError as late:
            told = "\n".join((*self.log()[-40:], self.panel.output[-6000:]))
            raise AssertionError(f"{self.slug} is not {states} but: {last}\n{told}") from late
        return last

    def runs(self) -> list[dict[str, Any]]:
        """Its runs, newest first."""
        found: list[dict[str, Any]] = self.panel.get(f"{self.path}/runs").body["items"]
        return found

    def log(self, contains: str = "") -> list[str]:
        """The text of its newest stored lines."""
        answer = self.panel.get(f"{self.path}/logs?limit=5000&contains={quote(contains)}")
        return [line["text"] for line in answer.body["items"]]

    def running(self) -> list[dict[str, Any]]:
        """Its containers at the sandbox."""
        return self.panel.running(self.app)

    def without_warm_up(self) -> None:
        """Its runs begin with nothing that the panel asks by itself."""
        change = f"Deployment.objects.filter(slug={self.slug!r}).update(warm_up=False)"
        self.panel.shell(f"from deployments.models import Deployment; {change}")


def ask(panel: Panel, model: str = MODEL, text: str = "What is two and two?", **more: Any) -> Answer:
    """One plain chat question through the gateway."""
    body = {"model": model, "messages": [{"role": "user", "content": text}], "max_tokens": 32, **more}
    return panel.call("POST", "/v1/chat/completions", body, root=True)


def holds(condition: Callable[[], object], *, for_s: float) -> None:
    """The opposite of waiting: `condition` is true now and stays so for a while."""
    over = threading.Event()
    timer = threading.Timer(for_s, over.set)
    timer.start()
    try:
        # What happens between two looks is not seen: they are no rarer than this, whatever they cost.
        until(lambda: over.is_set() or not condition(), limit_s=for_s + 30, longest_pause_s=0.25)
        assert over.is_set(), "it did not stay so"
    finally:
        timer.cancel()


def is_alive(process: psutil.Process) -> bool:
    """Whether it runs; a zombie does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _seen_since(observed_at: str | None, begun_at: datetime) -> bool:
    return observed_at is not None and datetime.fromisoformat(observed_at) > begun_at


def _line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _answer(status: int, body: bytes, headers: Any) -> Answer:
    text = body.decode(errors="replace")
    try:
        return Answer(status, json.loads(text), text, dict(headers))
    except ValueError:
        return Answer(status, None, text, dict(headers))

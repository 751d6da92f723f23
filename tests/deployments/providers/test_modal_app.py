"""The deployed file, run as Modal would run it: in a process of its own, with a real engine process."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import psutil
import pytest

from deployments.planning.presets import GLM_5_2_FP8
from deployments.providers.rendering import spec_document
from tests.patience import until

MODULE = Path(__file__).parents[3] / "deployments" / "providers" / "modal_app.py"
SERVE = "import modal_app, signal; modal_app.serve.local(); print('served', flush=True); signal.pause()"
DOWNLOAD = "import modal_app; modal_app.download.local()"

pytestmark = pytest.mark.slow


def shell(script):
    return ["sh", "-c", script]


def _hear_interrupts() -> None:
    """A shell that starts the tests in the background has them, and whatever they start, ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Container:
    """A process that runs one function of the deployed file, its output in a file."""

    def __init__(self, folder, code, **changes):
        self.output = folder / f"{uuid.uuid4().hex}.log"
        self.mark = uuid.uuid4().hex
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "MODAL_CONFIG_PATH": os.devnull,
            "PYTHONPATH": str(MODULE.parent),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PILOTLIGHT_SPEC": json.dumps(spec_document(GLM_5_2_FP8, "glm", 1) | changes),
            "TEST_MARK": self.mark,
        }
        with self.output.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", code], env=environment, stdout=out, stderr=subprocess.STDOUT,
                preexec_fn=_hear_interrupts,
            )  # fmt: skip

    def line(self, beginning):
        """The first line that begins so, as soon as it is there."""
        until(lambda: self._lines(beginning))
        return self._lines(beginning)[0]

    def end(self):
        """The whole output and the exit code."""
        code = self.process.wait(30)
        return self.output.read_text(), code

    def clean(self):
        """End whatever is left of it, the engine's own session too."""
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get("TEST_MARK") == self.mark:
                    process.kill()
        self.process.wait(30)

    def _lines(self, beginning):
        return [line for line in self.output.read_text().splitlines() if line.startswith(beginning)]


@pytest.fixture
def container(tmp_path):
    made = []

    def start(code, **changes):
        made.append(Container(tmp_path, code, **changes))
        return made[-1]

    yield start
    for one in made:
        one.clean()


@pytest.mark.parametrize("code", [0, 3])
def test_an_engine_that_ends_by_itself_ends_the_container_with_one_tagged_line(container, code):
    out, exit_code = container(SERVE, argv=shell(f"exit {code}")).end()
    tagged = [line for line in out.splitlines() if line.startswith("pilotlight:")]
    assert len(tagged) == 1
    assert tagged[0].startswith(f"pilotlight: engine exited code={code} after=")
    assert exit_code == 1


def test_an_engine_that_is_killed_after_serving_ends_the_container_too(container):
    running = container(SERVE, argv=shell("echo engine $$; exec sleep 600"))
    engine = int(running.line("engine").split()[1])
    os.kill(engine, signal.SIGKILL)
    out, exit_code = running.end()
    assert "pilotlight: engine exited code=-9 after=" in out
    assert exit_code == 1


def test_workers_that_the_engine_left_behind_are_ended(container):
    running = container(SERVE, argv=shell("sleep 600 & echo worker $!; exit 1"))
    worker = int(running.line("worker").split()[1])
    running.end()
    until(lambda: not psutil.pid_exists(worker) or psutil.Process(worker).status() == "zombie")


def test_a_missing_engine_is_named(container):
    out, exit_code = container(SERVE, argv=["/nonexistent/vllm"]).end()
    assert "pilotlight: engine did not start: [Errno 2]" in out
    assert exit_code != 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_handed_on_and_is_no_death(container, number):
    name = number.name.removeprefix("SIG")
    running = container(
        SERVE, argv=shell(f"trap 'echo engine got {name}; kill $!; exit 0' {name}; sleep 600 & echo up; wait")
    )
    running.line("up")
    running.process.send_signal(number)
    out, exit_code = running.end()
    assert f"engine got {name}" in out
    assert "pilotlight:" not in out
    assert exit_code != 0  # the signal does what it would have done without us


def test_the_engine_gets_its_own_environment_beside_the_containers(container):
    running = container(SERVE, argv=shell("echo $MARK $HOME; exec sleep 600"), environment={"MARK": "seen"})
    assert running.line("seen") == "seen /nonexistent"


def test_a_failed_download_raises_after_its_own_lines(container):
    plan = spec_document(GLM_5_2_FP8, "glm", 1)["download"] | {"argv": shell("echo 401 refused; exit 2")}
    out, exit_code = container(DOWNLOAD, download=plan).end()
    assert "401 refused" in out
    assert "RuntimeError: The download ended with code 2" in out
    assert exit_code == 1


def test_a_download_without_a_weights_volume_is_refused_before_anything_is_fetched(container):
    plan = spec_document(GLM_5_2_FP8, "glm", 1)["download"] | {"argv": shell("echo fetched")}
    out, exit_code = container(DOWNLOAD, download=plan, volumes={}).end()
    assert "No volume is mounted" in out
    assert "fetched" not in out
    assert exit_code == 1


def test_without_a_spec_it_says_what_to_do():
    done = subprocess.run(
        [sys.executable, "-P", "-c", "import modal_app"],
        env={"PYTHONPATH": str(MODULE.parent), "PYTHONDONTWRITEBYTECODE": "1"},
        text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "PILOTLIGHT_SPEC is not set" in done.stderr


def test_it_stands_alone():
    """Standard library and modal only: it is copied to Modal without anything beside it."""
    imported = {
        line.split()[1].partition(".")[0]
        for line in MODULE.read_text().splitlines()
        if line.startswith(("import ", "from "))
    }
    assert imported <= sys.stdlib_module_names | {"modal"}

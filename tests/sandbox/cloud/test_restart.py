"""The sandbox as a process: what it needs, what it leaves, what it remembers."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import modal
import pytest

from sandbox.launch import LaunchError, launch

from .conftest import Cloud, close_client, connect, fetch, start, wait_until

pytestmark = pytest.mark.slow


def gone(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_runs_only_with_tokens(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sandbox", "--dir", str(tmp_path)]
    bare = {name: value for name, value in os.environ.items() if not name.startswith("SANDBOX_")}
    done = subprocess.run(command, env=bare, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "SANDBOX_CONTROL_TOKEN" in done.stderr


def test_engine_that_is_no_command_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="--engine"):
        launch(tmp_path, engine=str(tmp_path / "nothing"))


def test_state_survives_kill_and_restart(tmp_path: Path) -> None:
    cloud = start(tmp_path)
    url = cloud.deploy("kept", scaledown=2)
    fetch(url)
    pid = cloud.ready("kept")["pid"] if cloud.containers("kept", running=True) else None
    call = cloud.function("kept", "work").spawn("x")
    assert call.get(timeout=20) == {"did": "x"}
    log = cloud.log("kept")
    close_client(cloud.client)
    cloud.sandbox.kill()
    killed_at = time.time()
    if pid:
        wait_until(lambda: gone(pid))
    with launch(tmp_path, speed=100) as sandbox:
        again = Cloud(sandbox, tmp_path, connect(sandbox))
        assert (sandbox.grpc_url, sandbox.token_id) == (cloud.sandbox.grpc_url, cloud.sandbox.token_id)
        assert again.function("kept").get_web_url() == url
        assert again.log("kept") == log
        assert again.containers("kept", running=True) == []
        assert all(c["finished_at"] <= killed_at for c in again.containers("kept"))
        assert modal.FunctionCall.from_id(call.object_id, client=again.client).get(timeout=0) == {"did": "x"}
        assert fetch(url).json()["MODEL_KEY"] == "hush-hush"
        close_client(again.client)


def test_nothing_outlives_a_killed_sandbox(tmp_path: Path) -> None:
    cloud = start(tmp_path)
    fetch(cloud.deploy("orphan"))
    container = cloud.ready("orphan")
    engine = int((tmp_path / "containers" / container["id"] / "engine.pid").read_text())
    os.kill(engine, 0)
    close_client(cloud.client)
    cloud.sandbox.kill()
    wait_until(lambda: gone(container["pid"]))
    with pytest.raises(ProcessLookupError):
        os.kill(engine, 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_all_and_itself_when_asked(tmp_path: Path, number: signal.Signals) -> None:
    cloud = start(tmp_path)
    fetch(cloud.deploy("orderly"))
    container = cloud.ready("orderly")
    close_client(cloud.client)
    begin = time.monotonic()
    os.kill(cloud.sandbox.pid, number)
    assert cloud.sandbox.stop() == 0
    assert time.monotonic() - begin < 5
    assert gone(container["pid"])


def test_ends_with_whoever_launched_it(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys; from sandbox.launch import launch;"
        "s = launch(pathlib.Path(sys.argv[1])); print(s.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    wait_until(lambda: gone(int(done.stdout)))


def test_tokens_are_in_no_repr(tmp_path: Path) -> None:
    with launch(tmp_path, env={"SANDBOX_WEIGHTS": "empty"}) as sandbox:
        shown = repr(sandbox) + repr(sandbox.control)
        assert sandbox.token_secret not in shown
        assert sandbox.token_id not in shown
        client = connect(sandbox)
        volumes = modal.Volume.objects.list(client=client)
        close_client(client)
    assert volumes == []

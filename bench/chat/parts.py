"""The processes of the measurement: a broker, the stand-in engine, one web process, one generator."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
_READY_S = 60.0
_ENGINE = [
    "-m", "sandbox.engine.vllm", "serve", "zai-org/GLM-5.2-FP8", "--served-model-name", "glm-5.2-fp8",
    "--host", "127.0.0.1", "--max-model-len", "131072", "--reasoning-parser", "glm45",
]  # fmt: skip


def free_port() -> int:
    """A port that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def process(*command: str, environment: Mapping[str, str]) -> Iterator[psutil.Process]:
    """A child that ends with the block."""
    child = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)
    try:
        yield psutil.Process(child.pid)
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@contextmanager
def broker(folder: str) -> Iterator[psutil.Process]:
    """A Valkey on a socket in `folder`, as `up` starts it."""
    from controlpanel.supervisor.broker import _binary

    argv = [
        "--port",
        "0",
        "--unixsocket",
        f"{folder}/s",
        "--dir",
        folder,
        "--appendonly",
        "yes",
        "--save",
        "",
    ]
    with process(_binary(), *argv, environment={}) as server:
        _wait(lambda: os.path.exists(f"{folder}/s"))
        yield server


@contextmanager
def engine(folder: str, *, at_once: int, tokens_per_s: int) -> Iterator[tuple[psutil.Process, str]]:
    """The stand-in engine and its address; one token a chunk."""
    port = free_port()
    environment = {
        "HF_HOME": folder, "SANDBOX_SPEED": "5000", "SANDBOX_TOKENS_PER_S": str(tokens_per_s),
        "VLLM_API_KEY": "engine-secret",
    }  # fmt: skip
    argv = [sys.executable, *_ENGINE, "--port", str(port), "--max-num-seqs", str(at_once)]
    with process(*argv, environment=environment) as server:
        _wait(lambda: answers(f"http://127.0.0.1:{port}/health"))
        yield server, f"http://127.0.0.1:{port}"


@contextmanager
def web(engine_url: str) -> Iterator[tuple[psutil.Process, str]]:
    """One web process and its address."""
    port = free_port()
    argv = [sys.executable, str(HERE / "web.py"), str(port), engine_url]
    with process(*argv, environment={}) as server:
        _wait(lambda: answers(f"http://127.0.0.1:{port}/healthz"))
        yield server, f"http://127.0.0.1:{port}"


@contextmanager
def generator(web_url: str) -> Iterator[psutil.Process]:
    """`manage.py runner`."""
    argv = [sys.executable, "manage.py", "runner"]
    with process(*argv, environment={"PANEL_GATEWAY_URL": f"{web_url}/v1"}) as server:
        yield server


def answers(url: str) -> bool:
    """True where the address answers with 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - an address of this machine
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _wait(true: object) -> None:
    ends_at = time.monotonic() + _READY_S
    while not true():  # type: ignore[operator]
        if time.monotonic() > ends_at:
            raise TimeoutError("A part was not ready in a minute.")
        time.sleep(0.05)

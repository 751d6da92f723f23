"""A vLLM server as a child process, the stand-in or a real one, and what it writes."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from sandbox.cloud import ports

KEY = "sk-contract-suite"
NAME = "glm-5.2-fp8"
CONTEXT_TOKENS = 1024
MAX_SEQUENCES = 8
FLAGS = [
    *("--served-model-name", NAME, "--host", "127.0.0.1", "--uvicorn-log-level", "info"),
    *("--async-scheduling", "--tensor-parallel-size", "1", "--max-model-len", str(CONTEXT_TOKENS)),
    *("--max-num-seqs", str(MAX_SEQUENCES), "--trust-remote-code", "--tool-call-parser", "glm47"),
    *("--reasoning-parser", "glm45", "--enable-auto-tool-choice", "--safetensors-load-strategy", "prefetch"),
    *("--enable-prefix-caching", "--enforce-eager", "--enable-prompt-tokens-details"),
    "--enable-server-load-tracking",
]
ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Command:
    """How to start one kind of engine, and how long its start may take."""

    argv: tuple[str, ...]
    model: str
    environment: Mapping[str, str]
    timeout_s: float


def standin(home: Path) -> Command:
    """The stand-in, so fast that a boot of minutes takes a second."""
    return Command(
        argv=(sys.executable, "-m", "sandbox.engine.vllm"),
        model="zai-org/GLM-5.2-FP8",
        environment={"SANDBOX_SPEED": "4000", "SANDBOX_TOKENS_PER_S": "600", "HOME": str(home)},
        timeout_s=30,
    )


def real(home: Path) -> Command:
    """The real one on the CPU, named by PILOTLIGHT_TEST_VLLM, with the tiny model beside it."""
    vllm = Path(os.environ["PILOTLIGHT_TEST_VLLM"]).absolute()
    model = os.environ.get("PILOTLIGHT_TEST_VLLM_MODEL") or vllm.parents[1] / "tiny-model"
    environment = {
        "HF_HUB_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "OMP_NUM_THREADS": "1",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "HOME": str(home),
    }
    return Command((str(vllm),), str(Path(model).absolute()), environment, timeout_s=300)


class RunningEngine:
    """One server process; its log is read as it is written."""

    def __init__(self, command: Command, *extra: str, environment: Mapping[str, str] | None = None) -> None:
        self.command = command
        self._port_holder = ports.hold()
        self.port = ports.number(self._port_holder)
        self.key = KEY
        self.model = NAME
        self._lines: list[str] = []
        self._news = threading.Condition()
        self.process = start(command, self.port, extra, environment or {})
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def log(self) -> str:
        """All that was written so far."""
        with self._news:
            return "".join(self._lines)

    def wait_for(self, pattern: str, timeout_s: float | None = None) -> str:
        """Wait until the log matches; the matched text. Fails the test when it never does."""
        limit = timeout_s or self.command.timeout_s
        found: list[str] = []

        def seen() -> bool:
            match = re.search(pattern, "".join(self._lines))
            found[:] = [match.group()] if match else []
            return bool(found) or not self._reader.is_alive()

        with self._news:
            self._news.wait_for(seen, limit)
        assert found, f"no {pattern!r} in the log:\n{self.log[-4000:]}"
        return found[0]

    def wait_ready(self, port: int | None = None) -> None:
        """Wait for the ready line, and for the port, which opens a moment after it."""
        self.wait_for(r"Application startup complete\.")
        deadline = monotonic() + 10
        while not listens(port or self.port):
            assert monotonic() < deadline, "ready by its log, and its port is closed"

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            code = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        # A real one leaves its engine processes behind when it is killed.
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self._reader.join(5)
        self._port_holder.close()
        return code

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            for line in stream:
                with self._news:
                    self._lines.append(line.decode(errors="replace"))
                    self._news.notify_all()
        with self._news:
            self._news.notify_all()


def start(
    command: Command, port: int, extra: Sequence[str], environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start `vllm serve` with the suite's flags."""
    argv = [*command.argv, "serve", command.model, *FLAGS, "--port", str(port), *extra]
    return subprocess.Popen(
        argv,
        cwd=ROOT,
        env=full_environment(command, environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def run_to_end(command: Command, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `vllm serve` with just these arguments until it ends by itself."""
    return subprocess.run(
        [*command.argv, "serve", *arguments],
        cwd=ROOT,
        env=full_environment(command, {}),
        capture_output=True,
        text=True,
        timeout=command.timeout_s,
        check=False,
    )


def full_environment(command: Command, environment: Mapping[str, str]) -> dict[str, str]:
    """A small environment: what a program needs, the command's own, and the key."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    own = {"VLLM_API_KEY": KEY, "VLLM_LOG_STATS_INTERVAL": "1", "PYTHONUNBUFFERED": "1"}
    return kept | own | dict(command.environment) | dict(environment)


def listens(port: int) -> bool:
    """Whether somebody accepts connections on a loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0

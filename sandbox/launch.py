"""Starts a sandbox as a process of its own, for tests and for the supervisor."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.client import ControlClient

_ROOT = Path(__file__).resolve().parents[1]
_READY_S = 60.0
_STOP_S = 10.0
# It ends with whoever launched it, also after a SIGKILL there: the pipe to its standard input closes.
_BOUND = {"SANDBOX_STOP_WITH_STDIN": "1"}


class LaunchError(Exception):
    """The sandbox did not start; the message is what it said."""


@dataclass
class Sandbox:
    """A running sandbox. Its tokens are never in its repr."""

    grpc_url: str
    web_url: str
    token_id: str = field(repr=False)
    token_secret: str = field(repr=False)
    environ: dict[str, str] = field(repr=False)
    control: ControlClient = field(repr=False)
    process: subprocess.Popen[str] = field(repr=False)

    @property
    def pid(self) -> int:
        """Process id."""
        return self.process.pid

    def stop(self) -> int:
        """End it as an operator would; gives the exit code. A second call is no error."""
        self.process.terminate()
        return self._reap()

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        self.process.kill()
        self._reap()

    def _reap(self) -> int:
        try:
            return self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            for pipe in (self.process.stdin, self.process.stdout):
                if pipe is not None:
                    pipe.close()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()


def launch(
    directory: Path, *, speed: float = 20, engine: str = "standin", env: Mapping[str, str] | None = None
) -> Sandbox:
    """Start a sandbox that keeps its state, tokens included, below `directory`. Blocks until it listens.

    LaunchError where it ends before that.
    """
    directory.mkdir(parents=True, exist_ok=True)
    tokens = _tokens(directory)
    command = [
        sys.executable,
        "-m",
        "sandbox",
        "--dir",
        str(directory),
        "--speed",
        str(speed),
        "--engine",
        engine,
    ]
    with (directory / "sandbox.log").open("a") as log:
        process = subprocess.Popen(
            command, cwd=_ROOT, env={**os.environ, **(env or {}), **tokens, **_BOUND}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True,
        )  # fmt: skip
    _wait_until_ready(process, directory)
    return _running(directory, tokens, process)


def _wait_until_ready(process: subprocess.Popen[str], directory: Path) -> None:
    """Reads the one line that says so; an end of the process ends the reading too."""
    line = process.stdout.readline() if process.stdout else ""
    if line.startswith("sandbox ready"):
        return
    process.wait(_READY_S)
    said = (directory / "sandbox.log").read_text().strip().splitlines()
    raise LaunchError(said[-1] if said else f"the sandbox ended with code {process.returncode}")


def _running(directory: Path, tokens: dict[str, str], process: subprocess.Popen[str]) -> Sandbox:
    endpoint = json.loads((directory / "endpoint.json").read_text())
    config = directory / "modal.toml"
    config.touch(mode=0o600)
    environ = {
        "MODAL_SERVER_URL": endpoint["grpc_url"],
        "MODAL_TOKEN_ID": tokens["SANDBOX_TOKEN_ID"],
        "MODAL_TOKEN_SECRET": tokens["SANDBOX_TOKEN_SECRET"],
        "MODAL_CONFIG_PATH": str(config),
    }
    control = ControlClient(endpoint["control_url"], tokens["SANDBOX_CONTROL_TOKEN"])
    return Sandbox(
        grpc_url=endpoint["grpc_url"], web_url=endpoint["web_url"], token_id=environ["MODAL_TOKEN_ID"],
        token_secret=environ["MODAL_TOKEN_SECRET"], environ=environ, control=control, process=process,
    )  # fmt: skip


def _tokens(directory: Path) -> dict[str, str]:
    """The tokens of this directory, made at its first launch and readable by their owner only."""
    path = directory / "tokens.json"
    if not path.exists():
        fresh = {
            "SANDBOX_TOKEN_ID": f"ak-{secrets.token_hex(11)}",
            "SANDBOX_TOKEN_SECRET": f"as-{secrets.token_hex(11)}",
            "SANDBOX_CONTROL_TOKEN": secrets.token_urlsafe(24),
        }
        with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as file:
            json.dump(fresh, file)
    tokens: dict[str, str] = json.loads(path.read_text())
    return tokens

"""A deploy: Modal's own command line in a subprocess, streamed, bounded and killable."""

import json
import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deployments.providers.base import Credentials, ProviderError

from .errors import redacted

_MODULE = Path(__file__).parent.parent / "modal_app.py"
_CHILD = Path(__file__).with_name("child.py")
# The first build of an engine's image takes minutes; nothing takes an hour.
LIMIT_S = 3600.0
_POLL_S = 0.25
_GRACE_S = 5.0
# How long the command line waits where Modal throttles it.
_THROTTLE_LIMIT_S = "120"

# What the command line may know of this process's environment: how to run, and how to reach Modal.
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "LD_LIBRARY_PATH")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")

_TRANSIENT = re.compile(
    r"could not connect|connection|timed? ?out|throttl|rate limit|unavailable|temporar|try again",
    re.IGNORECASE,
)
_UNPRINTABLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")
_UNCHANGED = "no changes detected"


def deploy(
    credentials: Credentials,
    document: Mapping[str, Any],
    *,
    on_line: Callable[[str], None],
    cancelled: Callable[[], bool],
    limit_s: float = LIMIT_S,
) -> bool:
    """Deploy the document's app; whether that changed anything. Raises ProviderError with Modal's words."""
    lines: list[str] = []
    with _running(credentials, document) as process:
        for line in _lines(process, _watch(cancelled, time.monotonic() + limit_s)):
            text = redacted(_UNPRINTABLE.sub("", line), credentials).rstrip()
            if text:
                lines.append(text)
                on_line(text)
        code = process.wait()
    if code:
        words = _error_of(lines) or f"`modal deploy` ended with code {code}."
        raise ProviderError(words, permanent=not _TRANSIENT.search(words))
    return not any(_UNCHANGED in line for line in lines)


def _watch(cancelled: Callable[[], bool], deadline: float) -> Callable[[], None]:
    def check() -> None:
        if cancelled():
            raise ProviderError("The deploy was cancelled.", permanent=False)
        if time.monotonic() > deadline:
            raise ProviderError("The deploy took too long and was ended.", permanent=False)

    return check


@contextmanager
def _running(credentials: Credentials, document: Mapping[str, Any]) -> "Iterator[subprocess.Popen[bytes]]":
    """The command line at work in a private folder; ended, with all its children, when the block is left."""
    with tempfile.TemporaryDirectory(prefix="pilotlight-deploy-") as folder:
        shutil.copy(_MODULE, folder)
        process = subprocess.Popen(
            _command(credentials, document),
            cwd=folder,
            env=_environment(credentials, document, folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            _end(process)


def _command(credentials: Credentials, document: Mapping[str, Any]) -> list[str]:
    # `recreate`, since with one container there is no room for a new one beside the old one.
    return [
        *(sys.executable, "-P", str(_CHILD), str(os.getpid())),
        *("deploy", _MODULE.name, "--name", document["app_name"], "--env", credentials.environment),
        *("--tag", f"r{document['release']}", "--strategy", "recreate"),
    ]


def _environment(credentials: Credentials, document: Mapping[str, Any], folder: str) -> dict[str, str]:
    names = (*_PASSED_ON, *_PROXIES, *(name.lower() for name in _PROXIES))
    passed = {name: os.environ[name] for name in names if name in os.environ}
    server = {"MODAL_SERVER_URL": credentials.server_url} if credentials.server_url else {}
    return {
        **passed,
        **server,
        "HOME": folder,
        "PYTHONUNBUFFERED": "1",
        "NO_COLOR": "1",
        "COLUMNS": "400",  # or long messages would be wrapped
        "MODAL_CONFIG_PATH": os.devnull,
        "MODAL_TOKEN_ID": credentials.token_id,
        "MODAL_TOKEN_SECRET": credentials.token_secret,
        "MODAL_ENVIRONMENT": credentials.environment,
        "MODAL_MAX_THROTTLE_WAIT": _THROTTLE_LIMIT_S,
        "PILOTLIGHT_SPEC": json.dumps(document),
    }


def _lines(process: "subprocess.Popen[bytes]", check: Callable[[], None]) -> Iterator[str]:
    """Lines as they are written, until the end of the output; `check` is called several times a second."""
    pipe = process.stdout
    if pipe is None:
        return
    pending = b""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while True:
            check()
            if not selector.select(_POLL_S):
                continue
            chunk = os.read(pipe.fileno(), 65536)
            if not chunk:
                break
            *whole, pending = (pending + chunk).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
            yield from (line.decode(errors="replace") for line in whole)
    if pending:
        yield pending.decode(errors="replace")


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()  # it then tells Modal that it gives up
        try:
            process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _error_of(lines: list[str]) -> str:
    """From the last line that begins with `Error: ` on; the last lines where there is none."""
    starts = [i for i, line in enumerate(lines) if line.startswith("Error: ")]
    if starts:
        return "\n".join(lines[starts[-1] :]).removeprefix("Error: ")
    return "\n".join(lines[-3:])

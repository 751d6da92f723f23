"""The processes of the panel's own code."""

import asyncio
import signal
import sys
from pathlib import Path

from django.apps import apps
from django.conf import settings

from ..celery import CONTROL, DEPLOY
from .program import Program, Stage

# A stop waits this long for running tasks; what is cut off after that is delivered again at the next start.
_WORKER_STOP_LIMIT_S = 20.0


# Of a process with many threads glibc keeps up to 8 heaps a core, which fragment one by one.
ARENAS = {"MALLOC_ARENA_MAX": "2"}
# `manage.py up` has made Django's checks; in a worker they would import every page once more.
_CHECKED = {"CELERY_SKIP_CHECKS": "1"}


def web_program() -> Program:
    """uvicorn on the loopback address. Without the grace limit it would wait for open streams for ever."""
    argv = [sys.executable, "-m", "uvicorn", "controlpanel.asgi:application"]
    argv += ["--host", "127.0.0.1", "--port", str(settings.PORT), "--timeout-graceful-shutdown", "3"]
    argv += ["--log-level", "warning", "--no-access-log", "--no-server-header", "--ws", "none"]
    return Program(
        name="web", argv=tuple(argv), stage=Stage.WEB, ready=lambda: _answers(settings.PORT), stop_limit_s=8.0
    )


def worker_programs() -> list[Program]:
    """Two workers, so that deploys and wakes of many minutes never delay a reconciliation.

    Threads: tasks wait for the network or a child process, and they start and die with their one process.
    """
    return [_worker(CONTROL, threads=8), _worker(DEPLOY, threads=8)]


def _worker(queue: str, *, threads: int) -> Program:
    argv = [sys.executable, "-m", "celery", "-A", "controlpanel", "--quiet", "worker", "--queues", queue]
    argv += ["--pool", "threads", "--concurrency", str(threads), "--hostname", f"{queue}@%h"]
    argv += ["--without-mingle", "--without-gossip", "--without-heartbeat"]
    return Program(
        name=queue,
        argv=tuple(argv),
        stage=Stage.WORKERS,
        environment=ARENAS | _CHECKED,
        stop_limit_s=_WORKER_STOP_LIMIT_S,
        death_signal=signal.SIGKILL,
    )


def beat_program() -> Program:
    """The one clock."""
    schedule: Path = settings.PANEL_DATA_DIR / "beat-schedule"
    argv = [sys.executable, "-m", "celery", "-A", "controlpanel", "--quiet", "beat"]
    argv += ["--schedule", str(schedule), "--pidfile="]
    return Program(name="beat", argv=tuple(argv), stage=Stage.BEAT, death_signal=signal.SIGKILL)


def runner_programs() -> list[Program]:
    """The playground's generator, where that app is installed."""
    if not apps.is_installed("chat"):
        return []
    argv = (sys.executable, str(settings.BASE_DIR / "manage.py"), "runner")
    return [Program(name="runner", argv=argv, stage=Stage.RUNNER, stop_limit_s=8.0)]


async def _answers(port: int) -> bool:
    """True where `/healthz` is answered with 200."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        return b" 200 " in await asyncio.wait_for(reader.readline(), timeout=5.0)
    except (OSError, TimeoutError):
        return False
    finally:
        writer.close()

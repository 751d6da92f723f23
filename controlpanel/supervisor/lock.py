"""One supervisor for one data folder, and a free port."""

import errno
import fcntl
import os
import socket
import time
from pathlib import Path
from typing import TextIO

from django.core.management.base import CommandError

# After a kill -9 of the supervisor the old web process needs up to 3 s to let go of its port.
_PATIENCE_S = 5.0


def hold(folder: Path) -> TextIO:
    """The lock of `folder`, held while the answer is open; CommandError where somebody else has it."""
    file = (folder / "up.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        owner = file.read().strip() or "unknown"
        file.close()
        raise CommandError(
            f"The panel already runs on {folder} (process {owner}). Stop that one with Ctrl-C, "
            "or name another folder in PANEL_DATA_DIR and another PORT."
        ) from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def check_port(port: int, *, patience_s: float = _PATIENCE_S) -> None:
    """CommandError where 127.0.0.1:`port` is taken and stays so for `patience_s`."""
    until = time.monotonic() + patience_s
    while not _is_free(port):
        if time.monotonic() > until:
            raise CommandError(
                f"Something else already listens on 127.0.0.1:{port}. Stop it, or choose another port: "
                f"PORT={port + 1 if port < 65535 else 8000} make run"
            )
        time.sleep(0.1)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise CommandError(
                f"This user may not listen on port {port}. Set PORT to 1024 or more."
            ) from error
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return False
    return True

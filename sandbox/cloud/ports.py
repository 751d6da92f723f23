"""Ports that stay the same from one start to the next, where nobody has taken them meanwhile."""

from __future__ import annotations

import socket


def choose(asked: int | None, remembered: str | None) -> int:
    """The port that was asked for, else the remembered one if it is free, else any free one."""
    if asked:
        return asked
    if remembered and _free(int(remembered)):
        return int(remembered)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True

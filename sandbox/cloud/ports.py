"""Ports of the loopback address: kept from one start to the next, and held for servers on their way."""

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


def hold() -> socket.socket:
    """A socket that holds a port nothing uses, until it is closed; it does not listen.

    Meanwhile the system gives the port to nobody who asks for any port, be it for a connection of their own,
    and a server that sets SO_REUSEADDR, as servers do, can take it. Without a hold, what takes seconds to
    start finds its port taken now and then.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    return holder


def number(holder: socket.socket) -> int:
    """The port that it holds."""
    return int(holder.getsockname()[1])


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True

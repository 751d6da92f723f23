"""Putting a door together."""

import os
import secrets
import socket

from gateway.known_key import KnownKey, look_up

from .app import Door
from .backstage import Backstage
from .bookkeeper import Bookkeeper
from .clock import Clock
from .database import Database
from .key_cache import KeyCache
from .routing import RouteTable
from .upstream import Upstream
from .waker import Waker


def open_door(backstage: Backstage, clock: Clock | None = None) -> Door:
    """A door for the running event loop. Close it before the loop ends, or the last second is not written."""
    clock = clock or Clock()
    reads = Database(threads=2, name="gateway-reads")

    async def load_key(secret_hash: str) -> KnownKey | None:
        return await reads.run(look_up, secret_hash, now=clock.now())

    return Door(
        keys=KeyCache(load_key, clock),
        routes=RouteTable(lambda: reads.run(backstage.routes), clock),
        upstream=Upstream(),
        books=Bookkeeper(backstage, clock, process_name()),
        clock=clock,
        reads=reads,
        waker=Waker(backstage, Database(threads=2, name="gateway-wakes")),
    )


def process_name() -> str:
    """A name for this process among all web processes of all machines, new at every start."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(3)}"

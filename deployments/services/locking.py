"""One writer at a time on what is wanted of a deployment."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection

from deployments.models import Deployment

# As long as SQLite itself waits for its one writer (`controlpanel.databases`).
TURN_LIMIT_S = 20.0
_turn = threading.Lock()


@contextmanager
def in_turn() -> Iterator[None]:
    """Where a database has one writer for everything (SQLite), those of this process that ask for light come
    one after the other; elsewhere nothing is waited for.

    SQLite lets whoever looks at the right instant write next. Fifty threads that ask for light would look
    fifty times as often as the worker that puts out, and each would write more slowly for the others' sake.
    Take it before `atomic()`, and look within it first: that leaves the others a gap. Within a transaction
    one is the writer already, and must not wait for those who wait for it. OperationalError where no turn
    came.
    """
    if connection.features.has_select_for_update or connection.in_atomic_block:
        yield
        return
    if not _turn.acquire(timeout=TURN_LIMIT_S):
        raise OperationalError("database is locked: no turn to write came")
    try:
        yield
    finally:
        _turn.release()


def locked(deployment_id: int) -> Deployment:
    """The deployment as it is now, its row locked until the transaction ends.

    Every service that writes leases, orders or wishes takes this first: two of them at the same instant then
    come one after the other, and the second sees what the first wrote. Call it inside `atomic()`. On SQLite
    the transaction itself, begun as IMMEDIATE, is the lock.
    """
    rows = Deployment.objects.select_for_update(of=("self",))
    return rows.select_related("account", "current_release", "live_release").get(pk=deployment_id)

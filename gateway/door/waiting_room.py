"""How many requests may wait at once."""

import contextlib
from collections import Counter
from collections.abc import Iterator

from .problems import Problem

# Measured (bench/gateway/bench_held.py): 1000 held streams take 19 MiB and 6 % of a CPU, without bodies.
MOST_WAITING = 1000
# An agent has a handful of requests open; one that lost count must not take the room from the others.
MOST_PER_KEY = 200
# Bodies wait in memory. 16 of the largest kind, or thousands of the usual ones.
MOST_BYTES = 512 * 1024 * 1024
_RETRY_AFTER_S = 15


class WaitingRoom:
    """Counts who waits in this process."""

    def __init__(self) -> None:
        self._by_key: Counter[int] = Counter()
        self._waiting = 0
        self._bytes = 0

    @contextlib.contextmanager
    def seat(self, key_id: int, size: int) -> Iterator[None]:
        """A place for one request of `size` bytes.

        Problem `too_many_waiting`: 429 where the key has its share already, 503 where the room is full.
        """
        self._check(key_id, size)
        self._by_key[key_id] += 1
        self._waiting += 1
        self._bytes += size
        try:
            yield
        finally:
            self._by_key[key_id] -= 1
            if not self._by_key[key_id]:
                del self._by_key[key_id]
            self._waiting -= 1
            self._bytes -= size

    def _check(self, key_id: int, size: int) -> None:
        if self._by_key[key_id] >= MOST_PER_KEY:
            message = f"{MOST_PER_KEY} requests of this key wait for a server already."
            raise _too_many(429, f"{message} Ask again when they are answered.")
        if self._waiting >= MOST_WAITING or self._bytes + size > MOST_BYTES:
            raise _too_many(503, "Too many requests wait for a server already. Ask again shortly.")


def _too_many(status: int, message: str) -> Problem:
    headers = ((b"retry-after", str(_RETRY_AFTER_S).encode()),)
    return Problem(status, "too_many_waiting", message, headers=headers)

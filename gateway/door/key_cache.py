"""Keys in memory, so that a request costs no query."""

import hashlib
import re
from collections.abc import Awaitable, Callable

from gateway.known_key import KnownKey

from .clock import Clock
from .single_flight import SingleFlight

# Revocation is to be felt within 5 s; one second is left for the query itself.
KEY_MAX_AGE_S = 4.0
_MOST_ENTRIES = 10_000
_FORM = re.compile(rb"pl_[A-Za-z0-9_-]{20,120}")

Load = Callable[[str], Awaitable[KnownKey | None]]


class KeyCache:
    """What keys are good for, at most KEY_MAX_AGE_S old, unknown ones included; bounded in size."""

    def __init__(self, load: Load, clock: Clock) -> None:
        self._load = load
        self._clock = clock
        self._entries: dict[str, tuple[float, KnownKey | None]] = {}
        self._loads: SingleFlight[KnownKey | None] = SingleFlight()

    async def get(self, secret: bytes) -> KnownKey | None:
        """The key of this secret; None where it opens nothing. Raises what the load raises."""
        if not _FORM.fullmatch(secret):
            return None
        name = hashlib.sha256(secret).hexdigest()
        entry = self._entries.get(name)
        if entry is None or entry[0] <= self._clock.monotonic():
            entry = await self._refresh(name)
        key = entry[1]
        if key is not None and key.expires_at is not None and key.expires_at <= self._clock.now():
            return None
        return key

    async def _refresh(self, name: str) -> tuple[float, KnownKey | None]:
        asked_at = self._clock.monotonic()
        key = await self._loads.do(name, lambda: self._load(name))
        self._entries.pop(name, None)
        while len(self._entries) >= _MOST_ENTRIES:
            self._entries.pop(next(iter(self._entries)))
        entry = (asked_at + KEY_MAX_AGE_S, key)
        self._entries[name] = entry
        return entry

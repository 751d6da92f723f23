"""Modal's limit on web requests of a new workspace: 200 a second, with five seconds' worth in one burst."""

from __future__ import annotations

# Modal's documentation of web endpoints.
RATE_PER_S = 200.0
BURST_S = 5.0


class Throttle:
    """A bucket of permits that fills at a steady rate. Never scaled: it guards the machine."""

    def __init__(self, *, rate_per_s: float = RATE_PER_S, burst_s: float = BURST_S) -> None:
        """Begin full."""
        self._rate = rate_per_s
        self._most = rate_per_s * burst_s
        self._left = self._most
        self._at: float | None = None

    def allow(self, now: float) -> bool:
        """Take a permit at `now` (seconds); False where there is none."""
        if self._at is not None:
            self._left = min(self._most, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

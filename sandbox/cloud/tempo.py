"""Time in the sandbox: what Modal measures in seconds passes `speed` times faster; money does not."""

from __future__ import annotations

import math
from dataclasses import dataclass

# Modal answers a web request after this long with a redirect to its result (Modal's documentation).
REDIRECT_AFTER_S = 150.0
# From "a container is wanted" to "it runs": finding the hardware. A few seconds of the recipe's 4.5 minutes.
HARDWARE_S = 8.0
CPU_HARDWARE_S = 2.0
# From "it runs" to the first line of the deployed module: fetching the image.
CONTAINER_S = 4.0
# One layer of an image build.
BUILD_STEP_S = 4.0
# Between stop and kill (Modal: SIGINT, then 30 s).
STOP_GRACE_S = 30.0
# A crashed container is started again after 1, 2, 4, ... s, at most a minute.
BACKOFF_FIRST_S = 1.0
BACKOFF_MOST_S = 60.0


@dataclass(frozen=True, slots=True)
class Tempo:
    """How many times faster than life the sandbox is."""

    speed: float

    def __post_init__(self) -> None:
        """Refuse a speed that is not a positive number (ValueError)."""
        if not (math.isfinite(self.speed) and self.speed > 0):
            raise ValueError(f"speed must be a positive number, not {self.speed}")

    def wall_s(self, modal_s: float) -> float:
        """Wall seconds that `modal_s` seconds of Modal's take here."""
        return modal_s / self.speed

    def backoff_s(self, crashes: int) -> float:
        """Wall seconds to wait after the `crashes`-th crash in a row (from 1)."""
        modal_s = BACKOFF_FIRST_S * 2.0 ** min(crashes - 1, 10)
        return self.wall_s(min(modal_s, BACKOFF_MOST_S))

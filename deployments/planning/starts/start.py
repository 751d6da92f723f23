"""One start that became ready, as numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

# In their order. What follows ready is no part of the way there.
PHASES = ("queued", "container", "download", "weights", "compile", "warmup", "server")
# The panel's own first requests, after ready: the last of a boot's dollars.
WARM_UP_REQUESTS = "warmup_requests"
# Own history counts from this many starts on, and no more than the newest of them are asked.
ENOUGH, NEWEST = 5, 20


@dataclass(frozen=True, slots=True)
class Start:
    """`seconds` holds the phases that were seen, `usd` those of them that were billed; `ready_s` runs from
    first seen to ready. `release` is the release's number."""

    id: int
    number: int
    release: int | None
    at: datetime
    ready_s: float
    seconds: Mapping[str, float]
    usd: Mapping[str, Decimal] = field(default_factory=dict)

    def took(self, phase: str) -> float:
        """Seconds of a phase; 0 where it was skipped."""
        return self.seconds.get(phase, 0.0)

    def after(self, phase: str) -> float:
        """Seconds from the end of a phase to ready."""
        return sum(self.took(later) for later in PHASES[PHASES.index(phase) + 1 :])

    @property
    def billed_usd(self) -> Decimal:
        """The dollars of all its phases."""
        return sum(self.usd.values(), Decimal(0))


@dataclass(frozen=True, slots=True)
class Basis:
    """The starts that something is compared with, newest first; none where there are too few."""

    starts: tuple[Start, ...]
    of_release: bool


def basis(starts: Sequence[Start], release: int | None) -> Basis:
    """Of `starts` (newest first) those of the release, from five on; else all of them, from five on."""
    same = tuple(start for start in starts if start.release == release)[:NEWEST]
    if len(same) >= ENOUGH:
        return Basis(same, True)
    every = tuple(starts)[:NEWEST]
    return Basis(every if len(every) >= ENOUGH else (), False)


def in_order(names: Iterable[str]) -> list[str]:
    """Phases in the order of a boot."""
    order = (*PHASES, WARM_UP_REQUESTS)
    return sorted(set(names) & set(order), key=order.index)

"""Who a run's seconds belong to. The rules, in the order in which they are asked:

1. **Boot** (container start to ready, with the warm-up right after it) belongs to whoever woke it. The first
   request that is served after ready ends it: from then on somebody has what was paid for.
2. **Use**: a second with requests in flight belongs to those whose requests they are, in proportion to how
   fast each makes tokens (`Use.weight`), at least one token a second each.
3. **Kept warm**: a second without a request, while leases until a time are open, belongs to their holders in
   equal shares.
4. **Idle**: any other second belongs to whoever caused it: the last who used it or asked for it since it was
   ready, else whoever woke it.

Seconds that the engine was seen busy, but no request explains (`busy_s`), are use of whoever rule 3 or 4
names.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from .apportion import apportion
from .slots import microseconds, slot_of_us, slot_start_us

_SECOND_US = 1_000_000


class Part(StrEnum):
    """What a second was spent on. Kept warm is idle that a lease until a time asked for."""

    BOOT = "boot"
    USE = "use"
    IDLE = "idle"
    KEPT = "kept"


@dataclass(frozen=True, slots=True, order=True)
class Payer:
    """Whom money is put down to; 0 where there is no such person or key."""

    user_id: int = 0
    key_id: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Use:
    """One request at the engine. A prompt token that was not cached counts as a tenth of a token made: it is
    read in one pass with many others."""

    payer: Payer
    start: datetime
    end: datetime
    made_tokens: int = 0
    read_tokens: int = 0

    @property
    def weight(self) -> int:
        """Thousandths of a token a second, at least one token a second."""
        length_us = max(1, microseconds(self.end) - microseconds(self.start))
        thousandths = self.made_tokens * 1000 + self.read_tokens * 100
        return max(1000, thousandths * _SECOND_US // length_us)


@dataclass(frozen=True, slots=True)
class Hold:
    """One lease, as far as it lies in a run's life; `timed` where it was until a time."""

    payer: Payer
    start: datetime
    end: datetime
    timed: bool


@dataclass(frozen=True, slots=True)
class Life:
    """A container from its start to its end (or now). `woke` is who it was lit for; `warmed_at` is when the
    warm-up was over, or how far it came, None where there was none."""

    started_at: datetime
    ready_at: datetime | None
    ended_at: datetime
    woke: Payer
    uses: Sequence[Use] = ()
    holds: Sequence[Hold] = ()
    busy_s: float = 0.0
    warmed_at: datetime | None = None

    @property
    def boot_ended_at(self) -> datetime | None:
        """When its warm-up was over, or its first request was served if that was earlier; None before."""
        if self.ready_at is None or self.warmed_at is None:
            return self.ready_at
        starts = (
            max(use.start, self.ready_at) for use in self.uses if use.end > max(use.start, self.ready_at)
        )
        return max(self.ready_at, min((self.warmed_at, *starts)))


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """A quarter hour, between two changes of a price, of one payer and one part."""

    slot: int
    epoch: int
    part: Part
    payer: Payer


def attribute(life: Life, cuts: Sequence[datetime] = ()) -> dict[Cell, int]:
    """The microseconds of each cell; they sum to the life's length exactly.

    `cuts` are the instants at which a price changes: a cell's `epoch` counts those before it. A clock that
    steps back makes no negative time.
    """
    start = microseconds(life.started_at)
    end = max(start, microseconds(life.ended_at))
    booted = life.boot_ended_at
    ready = end if booted is None else min(max(start, microseconds(booted)), end)
    changes = sorted(microseconds(cut) for cut in cuts)
    cells: Counter[Cell] = Counter()
    for left, right in pairwise(_edges(start, ready, changes)):
        cells[_cell(left, changes, Part.BOOT, life.woke)] += right - left
    _Lit(life, ready, end).fill(cells, changes)
    return dict(cells)


def _edges(start: int, end: int, changes: Sequence[int]) -> list[int]:
    """The instants of [start, end] at which a slot or a price begins, and both ends."""
    slots = range(slot_of_us(start) + 1, slot_of_us(end) + 1)
    inside = {slot_start_us(slot) for slot in slots} | {cut for cut in changes if start < cut < end}
    return sorted({start, end} | inside)


def _cell(at: int, changes: Sequence[int], part: Part, payer: Payer) -> Cell:
    return Cell(slot_of_us(at), bisect_right(changes, at), part, payer)


@dataclass(slots=True)
class _Lit:
    """The time after ready, walked from one event to the next."""

    life: Life
    start: int
    end: int
    flying: Counter[Payer] = field(default_factory=Counter)
    holding: Counter[Payer] = field(default_factory=Counter)
    last: Payer = field(default_factory=Payer)

    def fill(self, cells: Counter[Cell], changes: Sequence[int]) -> None:
        """Add the lit time to `cells`."""
        self.last = self.life.woke
        found: Counter[Cell] = Counter()
        events = self._events()
        points = sorted({*_edges(self.start, self.end, changes), *events})
        for left, right in pairwise(points):
            for event in events.get(left, ()):
                self._happens(*event)
            part, shares = self._shares(right - left)
            for payer, length in shares:
                found[_cell(left, changes, part, payer)] += length
        cells.update(_with_unexplained(found, self.life.busy_s))

    def _events(self) -> dict[int, list[tuple[str, Payer, int]]]:
        """What happens when: ends before beginnings, and the last to end is last."""
        rows: list[tuple[int, int, str, Payer, int]] = []
        for use in self.life.uses:
            for left, right in self._clipped(use.start, use.end):
                rows += [(left, 2, "asks", use.payer, use.weight), (right, 0, "done", use.payer, use.weight)]
        for hold in self.life.holds:
            if microseconds(hold.start) >= self.start:
                rows.append((min(microseconds(hold.start), self.end), 1, "joins", hold.payer, 0))
            for left, right in self._clipped(hold.start, hold.end) if hold.timed else ():
                rows += [(left, 2, "holds", hold.payer, 1), (right, 0, "frees", hold.payer, 1)]
        found: dict[int, list[tuple[str, Payer, int]]] = {}
        for at, _, what, payer, weight in sorted(rows):
            found.setdefault(at, []).append((what, payer, weight))
        return found

    def _clipped(self, start: datetime, end: datetime) -> Iterator[tuple[int, int]]:
        left, right = max(microseconds(start), self.start), min(microseconds(end), self.end)
        if left < right:
            yield left, right

    def _happens(self, what: str, payer: Payer, weight: int) -> None:
        if what in ("joins", "done"):
            self.last = payer
        if what == "asks":
            self.flying[payer] += weight
        elif what == "done":
            self.flying[payer] -= weight
        elif what == "holds":
            self.holding[payer] += weight
        elif what == "frees":
            self.holding[payer] -= weight

    def _shares(self, length: int) -> tuple[Part, list[tuple[Payer, int]]]:
        """Whose `length` microseconds from here on are."""
        for part, weights in ((Part.USE, self.flying), (Part.KEPT, self.holding)):
            among = sorted(payer for payer, weight in weights.items() if weight)
            if among:
                equal = part is Part.KEPT
                shares = apportion(length, [1 if equal else weights[payer] for payer in among])
                return part, list(zip(among, shares, strict=True))
        return Part.IDLE, [(self.last, length)]


def _with_unexplained(cells: Counter[Cell], busy_s: float) -> Counter[Cell]:
    """Turn so much idle time into use, in each cell its share, that use is at least the busy seconds seen."""
    idle = sorted(cell for cell in cells if cell.part is not Part.USE)
    idle_us = sum(cells[cell] for cell in idle)
    used_us = sum(cells.values()) - idle_us
    missing = min(max(0, round(busy_s * _SECOND_US) - used_us), idle_us)
    if not missing:
        return cells
    for cell, moved in zip(idle, apportion(missing, [cells[cell] for cell in idle]), strict=True):
        cells[cell] -= moved
        cells[Cell(cell.slot, cell.epoch, Part.USE, cell.payer)] += moved
    return cells

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
    cells.update(_with_unexplained(_Lit(life, ready, end).cells(changes), life.busy_s))
    return dict(cells)


def _edges(start: int, end: int, changes: Sequence[int]) -> list[int]:
    """The instants of [start, end] at which a slot or a price begins, and both ends."""
    slots = range(slot_of_us(start) + 1, slot_of_us(end) + 1)
    inside = {slot_start_us(slot) for slot in slots} | {cut for cut in changes if start < cut < end}
    return sorted({start, end} | inside)


def _cell(at: int, changes: Sequence[int], part: Part, payer: Payer) -> Cell:
    return Cell(slot_of_us(at), bisect_right(changes, at), part, payer)


# What happens, in the order of what happens at once: ends before beginnings.
_DONE, _FREES, _JOINS, _ASKS, _HOLDS = range(5)


@dataclass(slots=True)
class _Lit:
    """The time after boot, walked from one event to the next. A busy server has thousands of them, so payers
    are numbers here, in their own order."""

    life: Life
    start: int
    end: int
    payers: list[Payer] = field(default_factory=list)
    flying: dict[int, int] = field(default_factory=dict)
    holding: dict[int, int] = field(default_factory=dict)
    last: int = 0

    def cells(self, changes: Sequence[int]) -> Counter[Cell]:
        """The microseconds of each cell of the lit time."""
        known = {
            self.life.woke,
            *(use.payer for use in self.life.uses),
            *(hold.payer for hold in self.life.holds),
        }
        self.payers = sorted(known)
        events = self._events({payer: number for number, payer in enumerate(self.payers)})
        found: Counter[Cell] = Counter()
        for left, right in pairwise(_edges(self.start, self.end, changes)):
            for (part, number), length in self._stretch(left, right, events).items():
                found[_cell(left, changes, part, self.payers[number])] += length
        return found

    def _stretch(
        self, left: int, right: int, events: list[tuple[int, int, int, int]]
    ) -> Counter[tuple[Part, int]]:
        """The microseconds of [left, right) by part and payer; takes its events off the end of the list."""
        found: Counter[tuple[Part, int]] = Counter()
        while left < right:
            while events and events[-1][0] <= left:
                self._happens(*events.pop()[1:])
            until = min(right, events[-1][0]) if events else right
            self._share_out(until - left, found)
            left = until
        return found

    def _events(self, numbers: dict[Payer, int]) -> list[tuple[int, int, int, int]]:
        """(when, what, payer, weight), the first at the end of the list; of ends at once the last is last."""
        self.last = numbers[self.life.woke]
        rows: list[tuple[int, int, int, int]] = []
        for use in self.life.uses:
            for left, right in self._clipped(use.start, use.end):
                payer, weight = numbers[use.payer], use.weight
                rows += [(left, _ASKS, payer, weight), (right, _DONE, payer, weight)]
        for hold in self.life.holds:
            payer = numbers[hold.payer]
            if microseconds(hold.start) >= self.start:
                rows.append((min(microseconds(hold.start), self.end), _JOINS, payer, 0))
            for left, right in self._clipped(hold.start, hold.end) if hold.timed else ():
                rows += [(left, _HOLDS, payer, 1), (right, _FREES, payer, 1)]
        return sorted(rows, reverse=True)

    def _clipped(self, start: datetime, end: datetime) -> Iterator[tuple[int, int]]:
        left, right = max(microseconds(start), self.start), min(microseconds(end), self.end)
        if left < right:
            yield left, right

    def _happens(self, what: int, payer: int, weight: int) -> None:
        if what in (_JOINS, _DONE):
            self.last = payer
        if what in (_ASKS, _DONE):
            _change(self.flying, payer, weight if what == _ASKS else -weight)
        elif what != _JOINS:
            _change(self.holding, payer, weight if what == _HOLDS else -weight)

    def _share_out(self, length: int, found: Counter[tuple[Part, int]]) -> None:
        """Add whose the next `length` microseconds are."""
        among, part = (self.flying, Part.USE) if self.flying else (self.holding, Part.KEPT)
        if len(among) < 2:
            found[part if among else Part.IDLE, next(iter(among), self.last)] += length
            return
        order = sorted(among)
        shares = apportion(length, [among[payer] if part is Part.USE else 1 for payer in order])
        for payer, share in zip(order, shares, strict=True):
            found[part, payer] += share


def _change(weights: dict[int, int], payer: int, by: int) -> None:
    weights[payer] = weights.get(payer, 0) + by
    if not weights[payer]:
        del weights[payer]


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

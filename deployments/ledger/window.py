"""A stretch of time as people name it, in whole quarter hours."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from .slots import EPOCH_DAY, SLOTS_A_DAY, day_of, day_start, instant_of, slot_at, stretches

_DAYS_A_WEEK = 7
_MONDAY = 3  # 1970 began on a Thursday


@dataclass(frozen=True, slots=True)
class Window:
    """Slots from `first` to before `end`, read in `zone`."""

    first: int
    end: int
    zone: ZoneInfo

    @classmethod
    def of_days(cls, first: date, last: date, zone: ZoneInfo) -> "Window":
        """Whole days of a zone, both included."""
        return cls(slot_at(day_start(first, zone)), slot_at(day_start(last + timedelta(days=1), zone)), zone)

    @classmethod
    def between(cls, since: datetime, until: datetime, zone: ZoneInfo) -> "Window":
        """From the quarter hour that holds `since` to the end of the one before or at `until`."""
        last = slot_at(until)
        return cls(slot_at(since), last if instant_of(last) == until else last + 1, zone)

    @property
    def since(self) -> datetime:
        """Its first instant."""
        return instant_of(self.first)

    @property
    def until(self) -> datetime:
        """The instant after it."""
        return instant_of(self.end)

    @property
    def first_day(self) -> date:
        """The day in which it begins."""
        return day_of(self.first, self.zone)

    @property
    def last_day(self) -> date:
        """The day in which it ends."""
        return day_of(max(self.first, self.end - 1), self.zone)

    @property
    def utc_days(self) -> tuple[int, int]:
        """The days since 1970 in UTC that lie in it whole: the first, and the one after the last."""
        first = -(-self.first // SLOTS_A_DAY)
        return first, max(first, self.end // SLOTS_A_DAY)

    def offsets(self) -> Iterator[tuple[int, int]]:
        """For each stretch between two changes of the clocks: the slot before which it ends, and how many
        slots to add for the day since 1970."""
        for stretch in stretches(self.first, self.end, self.zone):
            yield stretch.end, stretch.offset


def day_number(slot: int, zone: ZoneInfo) -> int:
    """The day since 1970 of a zone that a slot falls in."""
    return (day_of(slot, zone) - EPOCH_DAY).days


def bucket(number: int, *, weeks: bool) -> int:
    """The first day of a day's bucket: itself, or the Monday of its week. Days count since 1970."""
    return number - (number + _MONDAY) % _DAYS_A_WEEK if weeks else number


def date_of(number: int) -> date:
    """A day by its number since 1970."""
    return EPOCH_DAY + timedelta(days=number)


__all__ = ["SLOTS_A_DAY", "Window", "bucket", "date_of", "day_number"]

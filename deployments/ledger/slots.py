"""Quarter hours, the unit in which money is kept, and the days of a time zone that they add up to.

Every zone in use is a multiple of 15 minutes from UTC, so each of its days begins where a slot begins: sums
by hour or day of any zone are sums of whole slots.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SLOT_S = 900
SLOTS_A_DAY = 96
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = date(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_SLOT_US = SLOT_S * 1_000_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """Slots from `first` to before `end` in which a zone keeps one distance to UTC, in slots."""

    first: int
    end: int
    offset: int


def microseconds(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - EPOCH) // _MICROSECOND


def slot_of_us(us: int) -> int:
    """The slot that holds an instant in microseconds."""
    return us // _SLOT_US


def slot_start_us(slot: int) -> int:
    """Where a slot begins, in microseconds since 1970."""
    return slot * _SLOT_US


def slot_at(at: datetime) -> int:
    """The slot that holds an instant."""
    return slot_of_us(microseconds(at))


def instant_of(slot: int) -> datetime:
    """Where a slot begins."""
    return EPOCH + timedelta(seconds=slot * SLOT_S)


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day in a zone, in UTC; where midnight is skipped, that of the first hour."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def days(first: date, last: date) -> Iterator[date]:
    """Every day from first to last, both included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def day_of(slot: int, zone: ZoneInfo) -> date:
    """The day of a zone that a slot falls in."""
    return instant_of(slot).astimezone(zone).date()


def stretches(first: int, end: int, zone: ZoneInfo) -> tuple[Stretch, ...]:
    """The slots from `first` to before `end`, cut where the zone changes its clocks.

    Within a stretch the day since 1970 is (slot + offset) // 96, which a database can compute.
    """
    found: list[Stretch] = []
    begin = first
    while begin < end:
        offset = _offset(begin, zone)
        until = _change(begin, end, offset, zone)
        found.append(Stretch(begin, until, offset))
        begin = until
    return tuple(found)


def _offset(slot: int, zone: ZoneInfo) -> int:
    distance = instant_of(slot).astimezone(zone).utcoffset() or timedelta()
    return distance // timedelta(seconds=SLOT_S)


def _change(begin: int, end: int, offset: int, zone: ZoneInfo) -> int:
    """The first slot after `begin` with another offset, or `end`. Clocks change at most once in a week."""
    step = SLOTS_A_DAY * 7
    while begin < end and _offset(min(begin + step, end), zone) == offset:
        begin += step
    if begin >= end:
        return end
    low, high = begin, min(begin + step, end)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(middle, zone) == offset else (low, middle)
    return high

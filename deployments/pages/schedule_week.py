"""A week of schedules as a calendar: a bar of 24 hours for each day, in the reader's zone. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from deployments.planning.windows import (
    DAY,
    Occurrence,
    Rule,
    Stretch,
    instant,
    merged,
    moved_by_clocks,
    occurrences,
    seconds_of,
    within,
)


@dataclass(frozen=True, slots=True)
class Bar:
    """Place and width in per cent of the day."""

    x: str
    width: str


@dataclass(frozen=True, slots=True)
class DayRow:
    """One day: its bars, what is lit in words, what is skipped, and what the clocks do."""

    day: date
    bars: list[Bar]
    lit: list[str]
    skipped: list[str]
    note: str
    today: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days from a Monday."""

    monday: date
    days: list[DayRow]

    @property
    def sunday(self) -> date:
        """The last day."""
        return self.monday + 6 * DAY

    @property
    def before(self) -> date:
        """The Monday before."""
        return self.monday - 7 * DAY

    @property
    def after(self) -> date:
        """The Monday after."""
        return self.monday + 7 * DAY

    @property
    def seconds(self) -> float:
        """Real seconds lit in it."""
        return sum(row.seconds for row in self.days)


def week(
    rules: Sequence[Rule], names: Mapping[int, str], monday: date, zone: ZoneInfo, now: datetime
) -> Week:
    """The week that begins on `monday`."""
    first, last = instant(monday, time(0), zone), instant(monday + 7 * DAY, time(0), zone)
    found = occurrences(rules, first, last)
    whole = merged(found)
    days = [_day(monday + n * DAY, rules, found, whole, names, zone, now) for n in range(7)]
    return Week(monday, days)


def _day(
    day: date, rules: Sequence[Rule], found: Sequence[Occurrence], whole: Sequence[Stretch],
    names: Mapping[int, str], zone: ZoneInfo, now: datetime,
) -> DayRow:  # fmt: skip
    start, end = instant(day, time(0), zone), instant(day + DAY, time(0), zone)
    lit = within(whole, start, end)
    mine = [one for one in found if one.starts_at.astimezone(zone).date() == day]
    return DayRow(
        day=day,
        bars=[_bar(one, start, end) for one in lit],
        lit=[f"{_span(one, zone)} {names[one.key]}" for one in mine],
        skipped=[names[rule.key] for rule in rules if day in rule.skips and day.weekday() in rule.days],
        note=_note(start, end, [rule for rule in rules if any(one.key == rule.key for one in mine)], day),
        today=now.astimezone(zone).date() == day,
        seconds=seconds_of(lit),
    )


def _bar(one: Stretch, start: datetime, end: datetime) -> Bar:
    whole = (end - start).total_seconds()
    x, width = (one.start - start).total_seconds(), one.seconds
    return Bar(f"{100 * x / whole:.2f}", f"{max(0.4, 100 * width / whole):.2f}")


def _span(one: Occurrence, zone: ZoneInfo) -> str:
    starts, ends = one.starts_at.astimezone(zone), one.ends_at.astimezone(zone)
    later = "" if ends.date() == starts.date() else f" {ends:%a}"
    return f"{starts:%H:%M}–{ends:%H:%M}{later}"


def _note(start: datetime, end: datetime, rules: Iterable[Rule], day: date) -> str:
    hours = (end - start) / timedelta(hours=1)
    said = [] if hours == 24 else [f"The clocks change: this day has {hours:g} hours."]
    for rule in rules:
        kind = moved_by_clocks(rule, day)
        if kind == "gap":
            said.append("A time that the clocks skip means the first one after it.")
        elif kind == "fold":
            said.append("A time that comes twice means the first.")
    return " ".join(dict.fromkeys(said))


def monday_of(text: str, zone: ZoneInfo, now: datetime) -> date:
    """The Monday of the week of a date in a query, else of now."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = now.astimezone(zone).date()
    if not 2000 <= day.year <= 2200:
        day = now.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


__all__ = ["Bar", "DayRow", "Week", "monday_of", "week"]

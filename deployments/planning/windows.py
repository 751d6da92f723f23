"""When a server is to be lit, from rules in local time to intervals of UTC. Pure.

A start or end that the clocks skip in spring moves to the first instant that exists; one that comes twice in
autumn means the first time. So an interval's length is what really passes, and what is really paid.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """Weekdays (0 is Monday) on which it opens at `starts` and closes at `ends`, the next day where `ends` is
    not later. `lead` is how long before the start it is lit so that it is ready then."""

    key: int
    days: frozenset[int]
    starts: time
    ends: time
    zone: ZoneInfo
    valid_from: date | None = None
    valid_until: date | None = None
    skips: frozenset[date] = frozenset()
    lead: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One opening of a rule: lit from `opens_at`, wanted ready at `starts_at`, until `ends_at`. Aware UTC."""

    key: int
    day: date
    opens_at: datetime
    starts_at: datetime
    ends_at: datetime

    def open_at(self, now: datetime) -> bool:
        """True while it keeps a server lit."""
        return self.opens_at <= now < self.ends_at


@dataclass(frozen=True, slots=True)
class Stretch:
    """Occurrences that meet, as one: [start, end), with the rules they come from."""

    start: datetime
    end: datetime
    keys: frozenset[int]

    @property
    def seconds(self) -> float:
        """Real seconds."""
        return (self.end - self.start).total_seconds()


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The UTC instant at which the clocks of `zone` first show `at` or later on `day`."""
    local = datetime.combine(day, at, tzinfo=zone)
    first = local.replace(fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None, fold=0):
        return first
    return _end_of_gap(local.replace(fold=1).astimezone(UTC), first, zone)


def _end_of_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The instant in (before, after] at which the clocks jump."""
    ahead = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        jumped = middle.astimezone(zone).utcoffset() == ahead
        before, after = (before, middle) if jumped else (middle, after)
    return after.replace(microsecond=0)


def occurrences(rules: Iterable[Rule], since: datetime, until: datetime) -> list[Occurrence]:
    """Those that have a part in [since, until), by the instant they open."""
    found = (one for rule in rules for one in _of_rule(rule, since, until))
    return sorted(found, key=lambda one: (one.opens_at, one.key, one.starts_at))


def _of_rule(rule: Rule, since: datetime, until: datetime) -> Iterator[Occurrence]:
    day = since.astimezone(rule.zone).date() - 2 * DAY
    last = (until + rule.lead).astimezone(rule.zone).date()
    while day <= last:
        if takes_place(rule, day):
            one = occurrence(rule, day)
            if one.starts_at < one.ends_at and one.opens_at < until and one.ends_at > since:
                yield one
        day += DAY


def takes_place(rule: Rule, day: date) -> bool:
    """True where the rule opens on this day of its zone."""
    began = rule.valid_from is None or day >= rule.valid_from
    over = rule.valid_until is not None and day > rule.valid_until
    return day.weekday() in rule.days and began and not over and day not in rule.skips


def occurrence(rule: Rule, day: date) -> Occurrence:
    """What the rule gives on `day`, skipped or not."""
    starts_at = instant(day, rule.starts, rule.zone)
    closing = day if rule.ends > rule.starts else day + DAY
    return Occurrence(rule.key, day, starts_at - rule.lead, starts_at, instant(closing, rule.ends, rule.zone))


def merged(found: Iterable[Occurrence]) -> list[Stretch]:
    """Disjoint stretches in their order: what overlaps or meets is one."""
    stretches: list[Stretch] = []
    for one in sorted(found, key=lambda item: item.opens_at):
        if stretches and one.opens_at <= stretches[-1].end:
            last = stretches[-1]
            stretches[-1] = Stretch(last.start, max(last.end, one.ends_at), last.keys | {one.key})
        else:
            stretches.append(Stretch(one.opens_at, one.ends_at, frozenset({one.key})))
    return stretches


def within(stretches: Iterable[Stretch], since: datetime, until: datetime) -> list[Stretch]:
    """The parts that lie in [since, until)."""
    cut = (Stretch(max(one.start, since), min(one.end, until), one.keys) for one in stretches)
    return [one for one in cut if one.start < one.end]


def seconds_of(stretches: Iterable[Stretch]) -> float:
    """Their real seconds together; seconds that several share count once where they were merged."""
    return sum(one.seconds for one in stretches)


def used_up(stretches: Sequence[Stretch], seconds: float) -> datetime | None:
    """The instant at which that many of their seconds have passed; None where there are fewer."""
    for one in stretches:
        if seconds <= one.seconds:
            return one.start + timedelta(seconds=max(0.0, seconds))
        seconds -= one.seconds
    return None


def moved_by_clocks(rule: Rule, day: date) -> str:
    """ "gap" or "fold" where the start or end of that day's opening is skipped or comes twice; else ""."""
    closing = day if rule.ends > rule.starts else day + DAY
    for on, at in ((day, rule.starts), (closing, rule.ends)):
        local = datetime.combine(on, at, tzinfo=rule.zone)
        early, late = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
        if early is not None and late is not None and early != late:
            return "gap" if early < late else "fold"
    return ""

"""Which days a page of costs is about, from its address."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date

from deployments.ledger.window import Window

TODAY, WEEK, MONTH, LAST_MONTH, CUSTOM = "today", "7d", "month", "last-month", "custom"
PRESETS = {TODAY: "Today", WEEK: "7 days", MONTH: "This month", LAST_MONTH: "Last month"}
LONGEST_DAYS = 400
# More bars than this are no bars any more: weeks then.
_MOST_DAYS = 92


@dataclass(frozen=True, slots=True)
class Period:
    """Days of the reader's zone, both included. `error` says what was wrong with what was asked for."""

    key: str
    first: date
    last: date
    zone: ZoneInfo
    error: str = ""

    @property
    def window(self) -> Window:
        """The same as quarter hours."""
        return Window.of_days(self.first, self.last, self.zone)

    @property
    def weeks(self) -> bool:
        """True where it is drawn by weeks."""
        return (self.last - self.first).days >= _MOST_DAYS

    @property
    def words(self) -> str:
        """Such as "1 to 24 November 2026"."""
        first, last = self.first, self.last
        if first == last:
            return f"{first.day} {first:%B %Y}"
        if (first.year, first.month) == (last.year, last.month):
            return f"{first.day} to {last.day} {last:%B %Y}"
        return f"{first.day} {first:%b %Y} to {last.day} {last:%b %Y}"

    @property
    def query(self) -> str:
        """The address's part that says it again."""
        named = {"period": self.key}
        if self.key == CUSTOM:
            named |= {"from": self.first.isoformat(), "to": self.last.isoformat()}
        return urlencode(named)


def read(asked: QueryDict, now: datetime) -> Period:
    """The period that was asked for; this month where none was, or nothing sensible."""
    zone = ZoneInfo(timezone.get_current_timezone_name())
    today = now.astimezone(zone).date()
    key = asked.get("period", MONTH)
    if key == CUSTOM or (asked.get("from") and "period" not in asked):
        return _custom(asked, today, zone)
    return preset(key if key in PRESETS else MONTH, today, zone)


def preset(key: str, today: date, zone: ZoneInfo, error: str = "") -> Period:
    """One of PRESETS as it is today. This month is shown to its end, so that its bars do not move."""
    begin = today.replace(day=1)
    if key == TODAY:
        return Period(key, today, today, zone, error)
    if key == WEEK:
        return Period(key, today - timedelta(days=6), today, zone, error)
    if key == LAST_MONTH:
        return Period(key, (begin - timedelta(days=1)).replace(day=1), begin - timedelta(days=1), zone, error)
    return Period(MONTH, begin, _month_end(begin), zone, error)


def _month_end(begin: date) -> date:
    return (begin + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _custom(asked: QueryDict, today: date, zone: ZoneInfo) -> Period:
    try:
        first, last = parse_date(asked.get("from", "")), parse_date(asked.get("to", "") or str(today))
    except ValueError:
        first = last = None
    if first is None or last is None:
        return preset(MONTH, today, zone, "There is no such day. Give days as 2026-11-01.")
    if first > last:
        return preset(MONTH, today, zone, "The first day is after the last. Turn them round.")
    if (last - first).days >= LONGEST_DAYS or not 2000 <= first.year <= 2200:
        return preset(MONTH, today, zone, f"Give at most {LONGEST_DAYS} days at once.")
    return Period(CUSTOM, first, last, zone)

"""The time that `from`, `to` and `time_zone` name."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from deployments.ledger.window import Window

from .errors import bad_field

LONGEST = timedelta(days=400)
_DAY_LENGTH = len("2026-11-01")
FROM = "A day (2026-11-01) or an instant (2026-11-01T00:00:00Z); left out, the first of this month."
TO = "A day, which is included, or an instant, which is not; left out, today."
ZONE = "Whose days are meant, such as Europe/Berlin; left out, UTC or your own where you are signed in."


def window(since: str | None, until: str | None, time_zone: str | None, now: datetime) -> Window:
    """In whole quarter hours. Raises Refused 422 naming the field that is wrong."""
    zone = _zone(time_zone)
    today = now.astimezone(zone).date()
    first = _read("from", since) if since else today.replace(day=1)
    last = _read("to", until) if until else today
    begin = first if isinstance(first, datetime) else Window.of_days(first, first, zone).since
    end = last if isinstance(last, datetime) else Window.of_days(last, last, zone).until
    if begin >= end:
        raise bad_field("from", "This lies after `to`. Turn them round.")
    if end - begin > LONGEST + timedelta(days=1):
        raise bad_field("from", f"Ask for at most {LONGEST.days} days at once.")
    return Window.between(begin, end, zone)


def _zone(name: str | None) -> ZoneInfo:
    if name is not None and name not in available_timezones():
        raise bad_field("time_zone", "Name a time zone such as Europe/Berlin or UTC.")
    return ZoneInfo(name or timezone.get_current_timezone_name())


def _read(field: str, text: str) -> date | datetime:
    try:
        read: date | datetime | None = parse_date(text) if len(text) == _DAY_LENGTH else parse_datetime(text)
    except ValueError:
        read = None
    if read is None or (isinstance(read, datetime) and timezone.is_naive(read)):
        raise bad_field(field, "Give a day (2026-11-01) or a time with its zone (2026-11-01T00:00:00Z).")
    if not 2000 <= read.year <= 2200:
        raise bad_field(field, "Give a year between 2000 and 2200.")
    return read


def groups(text: str | None, known: tuple[str, ...]) -> tuple[str, ...]:
    """The names in a comma list, each once, in their order. Raises Refused 422 for one that is not known."""
    wanted = tuple(dict.fromkeys(name.strip() for name in (text or "").split(",") if name.strip()))
    if unknown := [name for name in wanted if name not in known]:
        raise bad_field("group", f"There is no group {unknown[0][:40]!r}; use some of {', '.join(known)}.")
    return wanted

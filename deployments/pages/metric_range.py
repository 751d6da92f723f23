"""Which time and which of it a page of metrics is asked for. Pure, but for the time zone that is active."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from deployments.metrics.levels import KEPT, LEVELS, Grid, grid, step_for

PRESETS = {
    "1h": ("Hour", timedelta(hours=1)),
    "6h": ("6 h", timedelta(hours=6)),
    "24h": ("Day", timedelta(days=1)),
    "7d": ("Week", timedelta(days=7)),
    "30d": ("30 d", timedelta(days=30)),
    "90d": ("90 d", timedelta(days=90)),
}
USUAL = "24h"
SHORTEST = timedelta(minutes=1)
LONGEST = KEPT[LEVELS[-1]]


@dataclass(frozen=True, slots=True)
class Asked:
    """From `since` to before `until`. `key` is a preset, which ends now, or empty; `error` says why what was
    asked for is not what is shown."""

    key: str
    since: datetime
    until: datetime
    now: datetime
    run_id: int | None = None
    release: int | None = None
    error: str = ""

    @property
    def grid(self) -> Grid:
        """Its steps."""
        return grid(self.since, self.until, step_for(self.since, self.until, self.now))

    @property
    def query(self) -> str:
        """Itself as a query."""
        return self.of_preset(self.key) if self.key else self.between(self.since, self.until)

    def of_preset(self, key: str) -> str:
        """The same of a preset."""
        return self._with({"range": key})

    def between(self, since: datetime, until: datetime) -> str:
        """The same of another time."""
        return self._with({"from": stamp(since), "to": stamp(until)})

    def presets(self) -> list[tuple[str, str, bool]]:
        """Label, query, and whether it is shown."""
        return [(label, self.of_preset(key), key == self.key) for key, (label, _) in PRESETS.items()]

    @property
    def earlier(self) -> str:
        """Half of it back."""
        half = (self.until - self.since) / 2
        return self.between(self.since - half, self.until - half)

    @property
    def later(self) -> str:
        """Half of it on; empty where it ends now."""
        half = (self.until - self.since) / 2
        end = min(self.until + half, self.now)
        return self.between(end - 2 * half, end) if end > self.until and not self.key else ""

    @property
    def wider(self) -> str:
        """Twice of it, around the same middle, as far as there is anything."""
        half = (self.until - self.since) / 2
        since, until = self.since - half, min(self.until + half, self.now)
        return self.between(max(since, self.now - LONGEST), until)

    @property
    def log_query(self) -> str:
        """The same time of the log."""
        told = {"since": stamp(self.since), "until": stamp(self.until)}
        return urlencode(told | ({"run": self.run_id} if self.run_id is not None else {}))

    @property
    def rest_query(self) -> str:
        """The same over REST."""
        return self._with({"from": stamp(self.since), "to": stamp(self.until), "step": self.grid.step_s})

    def _with(self, told: dict[str, object]) -> str:
        only = {"run": self.run_id, "release": self.release}
        return urlencode(told | {name: value for name, value in only.items() if value is not None})


class _Only(NamedTuple):
    run_id: int | None
    release: int | None


def stamp(at: datetime) -> str:
    """An instant for an address."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def read(asked: QueryDict, now: datetime) -> Asked:
    """What a query asks for; a day up to now where it asks for nothing or for what cannot be."""
    only = _Only(_whole(asked.get("run", "")), _whole(asked.get("release", "")))
    key = asked.get("range", "")
    if key in PRESETS or not (asked.get("from") or asked.get("to")):
        return _preset(key if key in PRESETS else USUAL, now, only)
    since, until = _instant(asked.get("from", "")), _instant(asked.get("to", ""))
    until = now if not asked.get("to") else until
    error = _error(since, until, now)
    if error or since is None or until is None:
        return _preset(USUAL, now, only, error)
    return Asked("", since, max(min(until, now), since + SHORTEST), now, *only)


def _preset(key: str, now: datetime, only: _Only, error: str = "") -> Asked:
    return Asked(key, now - PRESETS[key][1], now, now, *only, error=error)


def _error(since: datetime | None, until: datetime | None, now: datetime) -> str:
    if since is None or until is None:
        return "There is no such time. Give a day and a time, such as 2026-11-26 09:30."
    if since >= now:
        return "That is in the future: nothing is measured yet."
    if since >= until:
        return "The beginning is after the end. Turn them round."
    if since < now - LONGEST:
        return f"Metrics are kept for {LONGEST.days} days. Ask for a later time."
    return ""


def _instant(text: str) -> datetime | None:
    """A time of the reader's zone where it names none."""
    try:
        found = parse_datetime(text[:40])
        if found is None or not 2000 <= found.year <= 2200:
            return None
        return timezone.make_aware(found) if timezone.is_naive(found) else found
    except (ValueError, OverflowError):
        return None


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None

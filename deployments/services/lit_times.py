"""The last day or week of a deployment: when it was lit, waking, failing or asleep, its releases."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from django.db.models import Q

from deployments.models import Action, Cause, Deployment, Run

from .runs import FAILED_ENDS

SPANS = {"24h": timedelta(hours=24), "7d": timedelta(days=7)}
# More runs than this in a week are told as what they are: the newest.
_MOST = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Positions for what happens in one microsecond.
_AT_ONCE = 100
_MARKED = {"release": "release", "breaker": "failure"}


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in one state. `kind`: waking, lit, failed (a life that failed), or asleep (nothing was there).

    `run` is the run's id and `number` its number, both 0 while it was asleep.
    """

    kind: str
    start: datetime
    end: datetime
    run: int = 0
    number: int = 0
    who: str = ""
    open: bool = False

    @property
    def seconds(self) -> float:
        """How long."""
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True, slots=True)
class Mark:
    """A release that was made, or a failure, at an instant."""

    kind: str
    at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class LitTimes:
    """Stretches that touch, the earliest first, and marks, from `since` until `until`."""

    since: datetime
    until: datetime
    stretches: tuple[Stretch, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A stretch or a mark as one of a list. `position` orders them, the newest highest, and stays the same as
    time goes on; `end` is None where it goes on, and of a mark, as are `seconds` and `run_id`."""

    position: int
    kind: str
    start: datetime
    end: datetime | None = None
    seconds: float | None = None
    run_id: int | None = None
    run_number: int | None = None
    lit_for: str = ""
    words: str = ""


def rows(times: LitTimes) -> list[Row]:
    """Stretches and marks in one list, newest first; of one instant a mark comes before what began then."""
    told = [_stretch(one, times.until) for one in times.stretches]
    told += [Row(0, mark.kind, mark.at, words=mark.words) for mark in times.marks]
    told.sort(key=lambda row: row.start)
    found: list[Row] = []
    for row in told:
        least = _microseconds(row.start) * _AT_ONCE
        found.append(replace(row, position=max(least, found[-1].position + 1) if found else least))
    return found[::-1]


def _stretch(one: Stretch, until: datetime) -> Row:
    goes_on = one.open or (not one.run and one.end == until)
    end = None if goes_on else one.end
    return Row(
        0, one.kind, one.start, end, one.seconds, one.run or None, one.number or None, one.who
    )  # fmt: skip


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def lit_times(deployment: Deployment, length: timedelta, now: datetime) -> LitTimes:
    """Two queries."""
    since = now - length
    alive = Q(ended_at__isnull=True) | Q(ended_at__gt=since)
    rows = Run.objects.filter(alive, deployment=deployment, first_seen_at__lt=now)
    lives = list(rows.exclude(cause=Cause.DOWNLOAD).order_by("-first_seen_at")[:_MOST])
    told = Action.objects.filter(deployment=deployment, verb__in=_MARKED, at__gte=since, at__lte=now)
    marks = [Mark(_MARKED[row.verb], row.at, row.summary) for row in told.order_by("at", "id")[:_MOST]]
    return LitTimes(since, now, tuple(stretches(lives[::-1], since, now)), tuple(marks))


def stretches(lives: Sequence[Run], since: datetime, now: datetime) -> list[Stretch]:
    """What each life was, and asleep between them. Where two overlap, the later one begins where the earlier
    ended."""
    found: list[Stretch] = []
    at = since
    for run in lives:
        for kind, start, end in _parts(run, now):
            start, end = max(start, at), min(end, now)
            if end <= start:
                continue
            if start > at:
                found.append(Stretch("asleep", at, start))
            still = run.ended_at is None and end == now
            found.append(Stretch(kind, start, end, run.pk, run.number, run.lit_for, still))
            at = end
    return [*found, Stretch("asleep", at, now)] if at < now else found


def _parts(run: Run, now: datetime) -> list[tuple[str, datetime, datetime]]:
    end = run.ended_at or now
    failed = run.end_reason in FAILED_ENDS
    if run.ready_at is None:
        return [("failed" if failed else "waking", run.first_seen_at, end)]
    return [("waking", run.first_seen_at, run.ready_at), ("failed" if failed else "lit", run.ready_at, end)]

"""Reading stored lines back: pages by key in either direction, and searches that end in time."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db.models import QuerySet

from deployments.models import Deployment, LogLevel, LogLine, LogSource

# Lines that a search looks through in one query. It ends between two of them.
_STRETCH = 20_000
SEARCH_S = 0.8
# The levels that are shown by the least one that is wanted.
AT_LEAST = {
    LogLevel.WARNING: (LogLevel.WARNING, LogLevel.ERROR),
    LogLevel.ERROR: (LogLevel.ERROR,),
}
# No line comes later than that.
LATE = timedelta(minutes=5)
_CHUNK = 2000


@dataclass(frozen=True, slots=True)
class Asked:
    """Which lines are wanted; empty fields mean any. `contains` is found in any case of its letters."""

    run_id: int | None = None
    release: int | None = None
    levels: tuple[LogLevel, ...] = ()
    sources: tuple[LogSource, ...] = ()
    contains: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def narrow(self) -> bool:
        """True where no index leads to the lines: they have to be looked for among others."""
        beside = self.run_id is not None or self.release is not None
        return bool(self.contains or self.sources or (self.levels and (beside or len(self.levels) > 1)))


@dataclass(frozen=True, slots=True)
class Found:
    """Lines in their order. `reached` is the id up to which all were looked at where there may be more beyond
    it, None where there are none; `reached_at` is when that line was spoken."""

    lines: list[LogLine] = field(default_factory=list)
    reached: int | None = None
    reached_at: datetime | None = None

    @property
    def searching(self) -> bool:
        """True where the search ended before it had found a page."""
        return self.reached_at is not None


def lines(
    deployment: Deployment,
    asked: Asked | None = None,
    *,
    after_id: int | None = None,
    before_id: int | None = None,
    limit: int = 500,
    run_id: int | None = None,
) -> list[LogLine]:
    """Stored lines in the order they were taken in: those after `after_id`, else the newest (before
    `before_id`). `limit` of them at most; a search may give fewer, see `find`."""
    asked = asked or Asked(run_id=run_id)
    return find(deployment, asked, after_id=after_id, before_id=before_id, limit=limit).lines


def find(
    deployment: Deployment,
    asked: Asked,
    *,
    after_id: int | None = None,
    before_id: int | None = None,
    limit: int = 500,
    budget_s: float = SEARCH_S,
    clock: Callable[[], float] = time.monotonic,
) -> Found:
    """`limit` lines after `after_id`, else the newest before `before_id`, without counting what there is.

    A search looks at stretch after stretch and ends after about `budget_s`, with what it has and how far it
    came: asked again from `reached` it goes on.
    """
    forwards = after_id is not None
    place = after_id if forwards else before_id
    rows = _ordered(_beside(_chosen(deployment, asked), before_id if forwards else None), forwards)
    if not asked.narrow:
        found = list(_beyond(_kept(rows, asked), place, forwards)[: limit + 1])
        more = len(found) > limit
        return _page(found[:limit], forwards, found[limit - 1].pk if more else None)
    return _search(rows, asked, place, forwards, limit, _Until(clock, budget_s))


def _beside(rows: QuerySet[LogLine], before_id: int | None) -> QuerySet[LogLine]:
    return rows if before_id is None else rows.filter(id__lt=before_id)


@dataclass(slots=True)
class _Until:
    """A span of time that has begun."""

    clock: Callable[[], float]
    budget_s: float
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.clock()

    def over(self) -> bool:
        """True when it has passed."""
        return self.clock() - self.began >= self.budget_s


def _search(
    rows: QuerySet[LogLine], asked: Asked, place: int | None, forwards: bool, limit: int, until: _Until
) -> Found:
    found: list[LogLine] = []
    for end, at in _stretches(rows, place, forwards):
        inside = _upto(_beyond(_kept(rows, asked), place, forwards), end, forwards)
        found += inside[: limit + 1 - len(found)]
        if len(found) > limit:
            return _page(found[:limit], forwards, found[limit - 1].pk)
        place = end
        if end is not None and until.over():
            return replace(_page(found, forwards, end), reached_at=at)
    return _page(found, forwards, None)


def _stretches(
    rows: QuerySet[LogLine], place: int | None, forwards: bool
) -> Iterator[tuple[int | None, datetime | None]]:
    """The id at which each next stretch ends, and the instant of its line; None for the last one."""
    while True:
        ends = _beyond(rows, place, forwards).values_list("id", "at")[_STRETCH - 1 : _STRETCH]
        end = next(iter(ends), None)
        if end is None:
            yield None, None
            return
        yield end
        place = end[0]


def _page(found: list[LogLine], forwards: bool, reached: int | None) -> Found:
    return Found(found if forwards else found[::-1], reached)


def _chosen(deployment: Deployment, asked: Asked) -> QuerySet[LogLine]:
    """The lines to which an index leads in their order: of the run, the release or the whole deployment."""
    rows = _near(deployment, asked)
    if asked.run_id is not None:
        return rows.filter(run_id=asked.run_id)
    return rows if asked.release is None else rows.filter(release__number=asked.release)


def _near(deployment: Deployment, asked: Asked) -> QuerySet[LogLine]:
    """Ids of about the asked time: they ascend with it but for lines that came late, by less than LATE."""
    rows = LogLine.objects.filter(deployment=deployment)
    ids = rows.values_list("id", flat=True)
    if asked.since is not None:
        below = ids.filter(at__lt=asked.since - LATE).order_by("-at", "-id").first()
        rows = rows.filter(id__gt=below or 0)
    if asked.until is not None:
        above = ids.filter(at__gt=asked.until + LATE).order_by("at", "id").first()
        rows = rows if above is None else rows.filter(id__lt=above)
    return rows


def _kept(rows: QuerySet[LogLine], asked: Asked) -> QuerySet[LogLine]:
    if asked.levels:
        one = len(asked.levels) == 1
        rows = rows.filter(level=asked.levels[0]) if one else rows.filter(level__in=asked.levels)
    if asked.sources:
        rows = rows.filter(source__in=asked.sources)
    if asked.since is not None:
        rows = rows.filter(at__gte=asked.since)
    if asked.until is not None:
        rows = rows.filter(at__lte=asked.until)
    return rows.filter(text__icontains=asked.contains) if asked.contains else rows


def _ordered(rows: QuerySet[LogLine], forwards: bool) -> QuerySet[LogLine]:
    return rows.order_by("id" if forwards else "-id")


def _beyond(rows: QuerySet[LogLine], place: int | None, forwards: bool) -> QuerySet[LogLine]:
    if place is None:
        return rows
    return rows.filter(id__gt=place) if forwards else rows.filter(id__lt=place)


def _upto(rows: QuerySet[LogLine], end: int | None, forwards: bool) -> QuerySet[LogLine]:
    if end is None:
        return rows
    return rows.filter(id__lte=end) if forwards else rows.filter(id__gte=end)


def newest(deployment: Deployment, asked: Asked, limit: int) -> Found:
    """The newest lines for whoever follows from here on: `reached` is the id after which to go on."""
    last = newest_id(deployment)
    return Found(find(deployment, asked, before_id=last + 1, limit=limit).lines, last)


def newest_id(deployment: Deployment) -> int:
    """The id of the last line; 0 where there is none."""
    ids = LogLine.objects.filter(deployment=deployment).order_by("-id").values_list("id", flat=True)
    return ids.first() or 0


def part(deployment: Deployment, asked: Asked, after_id: int, last_id: int) -> Found:
    """A next part, of lines up to `last_id`, for whoever wants all of them; `reached` is None at the end."""
    return find(deployment, asked, after_id=after_id, before_id=last_id + 1, limit=_CHUNK)


def first_from(deployment: Deployment, run_id: int, at: datetime) -> int | None:
    """The id of the line with which something began in that run; None where nothing was said since."""
    rows = LogLine.objects.filter(deployment=deployment, run_id=run_id, at__gte=at).order_by("at", "id")
    return rows.values_list("id", flat=True).first()

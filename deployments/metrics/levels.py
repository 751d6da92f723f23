"""How finely time is kept, how long, and which of it a chart reads."""

from dataclasses import dataclass
from datetime import datetime, timedelta

# Seconds of one bucket, finest first, and how long buckets of that size are kept.
LEVELS = (10, 60, 3600, 86_400)
KEPT = {
    10: timedelta(days=2),
    60: timedelta(days=14),
    3600: timedelta(days=400),
    86_400: timedelta(days=1830),
}
# What a chart's step may be, in seconds. A day is one of UTC.
STEPS = (
    10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 604_800,
)  # fmt: skip
MOST_POINTS = 500
# A chart of a page has this many at most (a screen shows no more), and reads so many moments of the database.
PAGE_POINTS, PAGE_ROWS = 200, 1500


@dataclass(frozen=True, slots=True)
class Grid:
    """A range cut into steps: whole seconds since 1970 of the first one, the length of each, how many there
    are, and the size of the buckets that are read for them."""

    start: int
    step_s: int
    count: int
    level_s: int

    @property
    def end(self) -> int:
        """Where the last step ends."""
        return self.start + self.step_s * self.count

    def starts(self) -> range:
        """Where each step starts."""
        return range(self.start, self.end, self.step_s)


def level_of(step_s: int) -> int:
    """The coarsest level of which a step is a whole number of buckets."""
    return max(level for level in LEVELS if step_s % level == 0)


def grid(since: datetime, until: datetime, step_s: int) -> Grid:
    """The steps that cover a range."""
    start = int(since.timestamp()) // step_s * step_s
    count = max(1, -(-(int(until.timestamp()) - start) // step_s))
    return Grid(start, step_s, count, level_of(step_s))


def step_for(
    since: datetime, until: datetime, now: datetime, *, points: int = PAGE_POINTS, rows: int = PAGE_ROWS
) -> int:
    """The finest step that is still kept for this range and within these bounds; the coarsest of all where
    none is."""
    for step_s in STEPS:
        made = grid(since, until, step_s)
        few = made.count <= points and made.count * step_s // made.level_s <= rows
        if few and is_kept(step_s, since, now):
            return step_s
    return STEPS[-1]


def is_kept(step_s: int, since: datetime, now: datetime) -> bool:
    """True where what such a step is read from goes back to `since`."""
    return since >= now - KEPT[level_of(step_s)] - timedelta(seconds=step_s)


def floor(at: datetime, level_s: int) -> int:
    """Where the bucket of `at` starts, in whole seconds since 1970."""
    return int(at.timestamp() // level_s) * level_s

"""The range and the steps that a program asks metrics for."""

from datetime import datetime, timedelta

from deployments.metrics.levels import KEPT, LEVELS, MOST_POINTS, STEPS, Grid, grid, is_kept, step_for

from .errors import bad_field

LONGEST = KEPT[LEVELS[-1]]
USUAL = timedelta(days=1)
# What a program's step may make the database read.
_MOST_ROWS = 50_000


def asked_grid(since: datetime | None, until: datetime | None, step_s: int | None, now: datetime) -> Grid:
    """The grid of what was asked: the last day where nothing was, in steps that keep it to MOST_POINTS.

    Raises Refused 422 naming the field that is wrong.
    """
    end = until or now
    begin = since or end - USUAL
    if begin >= end:
        raise bad_field("from", "This lies after `to`. Turn them round.")
    if end > now + USUAL:
        raise bad_field("to", "Nothing is measured in the future. Give now at the latest.")
    if begin < now - LONGEST:
        raise bad_field("from", f"Metrics are kept for {LONGEST.days} days. Ask for a later time.")
    finest = step_for(begin, end, now, points=MOST_POINTS, rows=_MOST_ROWS)
    return grid(begin, end, finest if step_s is None else _step(step_s, begin, end, now))


def _step(step_s: int, begin: datetime, end: datetime, now: datetime) -> int:
    if step_s not in STEPS:
        raise bad_field("step", f"Give one of {', '.join(map(str, STEPS))} seconds, or leave it out.")
    allowed = [
        one for one in STEPS if grid(begin, end, one).count <= MOST_POINTS and is_kept(one, begin, now)
    ]
    if step_s not in allowed:
        raise bad_field("step", f"{_why_not(step_s, begin, now)} Use {allowed[0]} seconds or more.")
    return step_s


def _why_not(step_s: int, begin: datetime, now: datetime) -> str:
    if is_kept(step_s, begin, now):
        return f"That would be more than {MOST_POINTS} points."
    return "Steps as fine as this are not kept for so long."

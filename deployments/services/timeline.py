"""What happened in a run, in order, and its time as bands. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from deployments.models.run import Cause, EndReason

from .chronicle import Chronicle, Deed
from .sentences import duration

# Two requests this near to each other are one band.
JOINED = timedelta(seconds=20)
# More bands than this are told as one line.
_MOST_BANDS = 12


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of time. `kind`: queued, boot, warm-up, use or idle."""

    kind: str
    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        """How long."""
        return (self.end - self.start).total_seconds()


def events(run: Chronicle) -> list[Deed]:
    """Everything, the earliest first; what came in the same instant in the order of what causes what."""
    found = [*_beginnings(run), *run.deeds, *_use(run), *_doctor(run), *_ending(run)]
    return sorted(found, key=lambda deed: deed.at)


def _beginnings(run: Chronicle) -> Iterable[Deed]:
    if run.asked_at is not None and run.asked_at < run.first_seen_at:
        yield Deed(run.asked_at, "ask", "Asked for" + (f" by {run.asking.who}" if run.asking.who else ""))
    yield Deed(run.first_seen_at, "seen", "Container asked of the provider and first seen")
    for step in run.steps:
        if step.name not in ("queued", "ready", "warmup_requests") and step.at >= run.first_seen_at:
            yield Deed(step.at, "phase", f"{step.label}, {duration(step.seconds)}")
    if run.ready_at is not None:
        yield Deed(run.ready_at, "ready", "Ready")
    if run.ready_at is not None and run.warmed_at is not None and run.warmed_at > run.ready_at:
        yield Deed(run.warmed_at, "phase", "Warm-up requests done")
    if run.served.first_answer_at is not None:
        yield Deed(run.served.first_answer_at, "token", "First token of the first answer")


def _use(run: Chronicle) -> Iterable[Deed]:
    bands = [band for band in strip(run) if band.kind == "use"]
    if len(bands) > _MOST_BANDS:
        total = sum(band.seconds for band in bands)
        last = f"the last ended {run.clock(bands[-1].end)}"
        yield Deed(
            bands[0].start, "use", f"Requests in {len(bands)} stretches, {duration(total)} in all; {last}"
        )
        return
    about = "about " if run.coarse else ""
    for band in bands:
        yield Deed(band.start, "use", f"Requests for {about}{duration(band.seconds)}")


def _doctor(run: Chronicle) -> Iterable[Deed]:
    for one in run.said:
        yield Deed(one.at, "fault" if one.level == "error" else "note", f"Log doctor: {one.title}")


def _ending(run: Chronicle) -> Iterable[Deed]:
    if run.ended_at is None:
        return
    known = run.end_reason in EndReason.values
    label = EndReason(run.end_reason).label if known else "ended, why was not kept"
    if run.end_reason == EndReason.GONE:
        label = "gone, reason not known"
    yield Deed(run.ended_at, "end", label[:1].upper() + label[1:])


def strip(run: Chronicle) -> list[Band]:
    """The whole life as bands that touch: queued, boot, warm-up, then use and idle in turn."""
    marks = [("queued", run.first_seen_at, run.started_at or run.until)]
    if run.started_at is not None:
        marks.append(("boot", run.started_at, run.ready_at or run.until))
    if run.ready_at is None or run.cause == Cause.DOWNLOAD:
        return _bands(marks)
    awake = run.ready_at
    if run.warmed_at is not None and run.warmed_at > run.ready_at:
        awake = min(run.warmed_at, run.until)
        marks.append(("warm-up", run.ready_at, awake))
    for start, end in merged(run.busy, awake, run.until):
        marks += [("idle", awake, start), ("use", start, end)]
        awake = end
    return _bands([*marks, ("idle", awake, run.until)])


def _bands(marks: Sequence[tuple[str, datetime, datetime]]) -> list[Band]:
    return [Band(*mark) for mark in marks if mark[2] > mark[1]]


def merged(
    spans: Iterable[tuple[datetime, datetime]], since: datetime, until: datetime
) -> list[tuple[datetime, datetime]]:
    """Spans as stretches in order within `since` and `until`; what is nearer than JOINED is one."""
    found: list[tuple[datetime, datetime]] = []
    for start, end in sorted(spans):
        start, end = max(start, since), min(end, until)
        if end <= start:
            continue
        if found and start - found[-1][1] <= JOINED:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found

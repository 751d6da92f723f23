"""Bands of time as a strip: pure geometry in per cent; the template draws it, and tells the same in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from deployments.services.lit_times import LitTimes, Mark
from deployments.services.timeline import Band

from .words import duration, moment

_NARROWEST = 0.25  # per cent: a start of a minute is still seen in a week
_STEPS = tuple(
    timedelta(seconds=s)
    for s in (1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800)
)
_MOST_TICKS = 8
# What a band is called, and how it is drawn; hatched where money ran and nothing was done.
RUN_KINDS = {
    "queued": ("Queued, not billed", "b-queued", ""),
    "boot": ("Boot", "c-boot", ""),
    "warm-up": ("Warm-up", "b-warm", ""),
    "use": ("Use", "c-use", ""),
    "idle": ("Idle", "", "hatch-idle"),
}
LIT_KINDS = {
    "waking": ("Waking", "c-boot", ""),
    "lit": ("Lit", "c-use", ""),
    "failed": ("Failed", "b-failed", ""),
    "asleep": ("Asleep or off", "b-asleep", ""),
}


@dataclass(frozen=True, slots=True)
class Part:
    """One band."""

    css: str
    fill: str
    x: str
    width: str
    title: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A label of the axis."""

    x: str
    text: str


@dataclass(frozen=True, slots=True)
class Flag:
    """A mark above the bands."""

    x: str
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of the legend, with how long that was in all and its share."""

    label: str
    css: str
    fill: str
    took: str
    share: str


@dataclass(frozen=True, slots=True)
class Strip:
    """All that the template draws; `said` is the same in a sentence."""

    parts: tuple[Part, ...]
    ticks: tuple[Tick, ...]
    flags: tuple[Flag, ...]
    legend: tuple[Key, ...]
    said: str


def of_run(bands: Sequence[Band]) -> Strip | None:
    """The strip of a run's life, its axis in time since it was first seen; None before it has lasted."""
    if not bands:
        return None
    since, until = bands[0].start, bands[-1].end
    told = [(band.kind, band.start, band.end, "") for band in bands]
    return _strip(told, RUN_KINDS, since, until, _elapsed(since, until))


def of_deployment(times: LitTimes) -> Strip:
    """The strip of a day or a week, its axis in the reader's time of day."""
    told = [
        (
            one.kind,
            one.start,
            one.end,
            f" (run {one.number}{', ' + one.who if one.who else ''})" if one.run else "",
        )
        for one in times.stretches
    ]
    flags = tuple(_flag(mark, times.since, times.until) for mark in times.marks)
    ticks = _hours(times.since, times.until)
    return _strip(told, LIT_KINDS, times.since, times.until, ticks, flags)


def _strip(
    told: Sequence[tuple[str, datetime, datetime, str]],
    kinds: dict[str, tuple[str, str, str]],
    since: datetime,
    until: datetime,
    ticks: tuple[Tick, ...],
    flags: tuple[Flag, ...] = (),
) -> Strip:
    parts = []
    for kind, start, end, more in told:
        label, css, fill = kinds[kind]
        width = max(_NARROWEST, _percent(end - start, until - since))
        x = min(_percent(start - since, until - since), 100 - width)
        title = f"{label}{more}: {duration((end - start).total_seconds())} from {_at(start)}"
        parts.append(Part(css, fill, f"{x:.3f}", f"{width:.3f}", title))
    legend = tuple(_legend(told, kinds, until - since))
    said = ", ".join(f"{key.label.lower()} {key.took} ({key.share})" for key in legend)
    return Strip(tuple(parts), ticks, flags, legend, said[:1].upper() + said[1:])


def _legend(
    told: Iterable[tuple[str, datetime, datetime, str]],
    kinds: dict[str, tuple[str, str, str]],
    whole: timedelta,
) -> Iterable[Key]:
    told = list(told)
    for kind, (label, css, fill) in kinds.items():
        took = sum(((end - start) for one, start, end, _ in told if one == kind), timedelta())
        if took:
            share = f"{_percent(took, whole):.0f} %"
            yield Key(
                label, css, fill, duration(took.total_seconds()), "under 1 %" if share == "0 %" else share
            )


def _flag(mark: Mark, since: datetime, until: datetime) -> Flag:
    x = _percent(mark.at - since, until - since)
    return Flag(f"{x:.3f}", mark.kind, f"{_at(mark.at)}: {mark.words}")


def _elapsed(since: datetime, until: datetime) -> tuple[Tick, ...]:
    step = _step(until - since)
    count = int((until - since) / step)
    return tuple(
        Tick(f"{_percent(step * n, until - since):.2f}", duration((step * n).total_seconds()) if n else "0")
        for n in range(count + 1)
        if not n or _percent(step * n, until - since) <= 97
    )


def _hours(since: datetime, until: datetime) -> tuple[Tick, ...]:
    """Round hours or days of the reader's zone."""
    step, first = _step(until - since), timezone.localtime(since)
    at = first.replace(hour=0, minute=0, second=0, microsecond=0)
    found = []
    while at <= until:
        x = _percent(at - since, until - since)
        if 1 <= x <= 97:
            found.append(
                Tick(f"{x:.2f}", f"{at:%a} {at.day}" if step >= timedelta(days=1) else f"{at:%H:%M}")
            )
        at += step
    return tuple(found)


def _step(whole: timedelta) -> timedelta:
    return next((step for step in _STEPS if whole / step <= _MOST_TICKS), _STEPS[-1])


def _percent(part: timedelta, whole: timedelta) -> float:
    return max(0.0, min(100.0, part / whole * 100)) if whole else 0.0


def _at(at: datetime) -> str:
    return moment(at, now=timezone.now())

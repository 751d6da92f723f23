"""Log lines as rows: time in the reader's zone, what was searched for marked, phases where they began."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from deployments.models import LogLevel, LogLine, LogSource, Phase, PhaseName

from . import words

_WORDS = {LogLevel.INFO: "", LogLevel.WARNING: "WARNING", LogLevel.ERROR: "ERROR"}
_UNNAMED = {LogSource.ENGINE}


@dataclass(frozen=True, slots=True)
class LogRow:
    """One line of the log viewer. `pieces` is the text cut at what was searched for: every second one is a
    find. `phase` is what began with this line."""

    id: int
    at: datetime
    clock: str
    utc: str
    level: str
    word: str
    source: str
    text: str
    pieces: tuple[str, ...]
    phase: str


def rows(lines: Sequence[LogLine], contains: str = "", *, phases: bool = False) -> list[LogRow]:
    """The lines for the template; with `phases` one query more."""
    begun = _begun(lines) if phases else {}
    find = re.compile(f"({re.escape(contains)})", re.IGNORECASE) if contains else None
    return [_row(line, find, begun.get(line.pk, "")) for line in lines]


def _row(line: LogLine, find: re.Pattern[str] | None, phase: str) -> LogRow:
    clock = f"{timezone.localtime(line.at):%H:%M:%S}"
    source = "" if line.source in _UNNAMED else line.source
    pieces = tuple(find.split(line.text)) if find else ()
    level = LogLevel(line.level)
    return LogRow(
        line.pk,
        line.at,
        clock,
        words.utc(line.at),
        level.value,
        _WORDS[level],
        source,
        line.text,
        pieces,
        phase,
    )


def _begun(lines: Iterable[LogLine]) -> dict[int, str]:
    """What began with which line. Before a run's first line here it is not known what came: only what began
    in that very instant is told."""
    ids = {line.run_id for line in lines if line.run_id is not None}
    known: dict[int, list[Phase]] = {run_id: [] for run_id in ids}
    for phase in Phase.objects.filter(run__in=ids).order_by("started_at", "id") if ids else ():
        known[phase.run_id].append(phase)
    begun: dict[int, str] = {}
    told: set[int] = set()
    for line in lines:
        if line.run_id is None:
            continue
        left = known[line.run_id]
        while left and line.run_id not in told and left[0].started_at < line.at:
            left.pop(0)
        told.add(line.run_id)
        while left and left[0].started_at <= line.at:
            begun[line.pk] = PhaseName(left.pop(0).name).label
    return begun

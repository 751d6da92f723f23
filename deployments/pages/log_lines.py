"""Log lines as rows: time in the reader's zone, what was searched for marked, phases where they began."""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from deployments.models import LogLevel, LogLine, LogSource, Phase, PhaseName

from . import words

_WORDS: dict[str, str] = {LogLevel.WARNING: "WARNING", LogLevel.ERROR: "ERROR"}
_PHASE = '<li class="phase"><span>{}</span></li>\n'
_UNNAMED: set[str] = {LogSource.ENGINE}


@dataclass(frozen=True, slots=True)
class Look:
    """How rows are shown. `contains` is what was searched for; `here` is the address to which `line=` is
    added for a line's own one, empty for none; `marked` is the line that is pointed at; `phases`: begin each
    phase with its name."""

    contains: str = ""
    here: str = ""
    marked: int | None = None
    phases: bool = False


def rows(lines: Sequence[LogLine], look: Look | None = None) -> list[SafeString]:
    """The lines for the template. Their markup is put together here: a template takes several times as long
    for each, and a thousand lines a second may be shown to several people."""
    look = look or Look()
    begun = _begun(lines) if look.phases else {}
    find = re.compile(f"({re.escape(look.contains)})", re.IGNORECASE) if look.contains else None
    return [_row(line, look, find, begun.get(line.pk, "")) for line in lines]


def _row(line: LogLine, look: Look, find: re.Pattern[str] | None, phase: str) -> SafeString:
    local = timezone.localtime(line.at)
    time = f'<time datetime="{line.at.isoformat()}" title="{words.utc(line.at)}">{local:%H:%M:%S}</time>'
    if look.here:
        time = f'<a href="{html.escape(look.here)}line={line.pk}#line-{line.pk}" tabindex="-1">{time}</a>'
    evidence = ' class="evid"' if line.pk == look.marked else ""
    title = f' title="{_WORDS[line.level]}"' if line.level in _WORDS else ""
    source = "" if line.source in _UNNAMED else f'<span class="src">{html.escape(line.source)}</span> '
    return mark_safe(  # noqa: S308 (all that is not ours is escaped)
        f"{_PHASE.format(phase) if phase else ''}"
        f'<li data-line id="line-{line.pk}"{evidence} data-id="{line.pk}" data-level="{line.level}">{time}'
        f'<span class="lv"{title}>{line.level}</span>'
        f'<span class="msg">{source}{_said(line.text, find)}</span></li>'
    )


def _said(text: str, find: re.Pattern[str] | None) -> str:
    if find is None:
        return html.escape(text)
    cut = enumerate(find.split(text))
    return "".join(f"<mark>{html.escape(piece)}</mark>" if n % 2 else html.escape(piece) for n, piece in cut)


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

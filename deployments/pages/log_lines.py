"""Log lines as rows: time in the reader's zone, level by what the line says. Pure but for the time zone."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from deployments.models import LogLine

from . import words

# vLLM writes the level as a word of its own ("(APIServer pid=4) INFO 11-23 16:41:22 [x.py:1] ..."); Python's
# tracebacks and the panel's own lines name an error in theirs. Only the line's beginning counts, so that an
# INFO line that quotes an error stays what it is.
_LEVEL = re.compile(r"\b(DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|FATAL)\b")
_ERROR = re.compile(r"^\W*(?:\(\S+ pid=\d+\) )?(?:Traceback \(most recent|[\w.]*(?:Error|Exception)\b: )")
_BEGINNING = 60
_LETTERS = {
    "DEBUG": "I",
    "INFO": "I",
    "WARNING": "W",
    "WARN": "W",
    "ERROR": "E",
    "CRITICAL": "E",
    "FATAL": "E",
}
_WORDS = {"I": "", "W": "WARNING", "E": "ERROR"}


@dataclass(frozen=True, slots=True)
class LogRow:
    """One line of the log viewer."""

    id: int
    at: datetime
    clock: str
    utc: str
    level: str
    word: str
    source: str
    text: str


def level_of(text: str) -> str:
    """I, W or E."""
    found = _LEVEL.search(text[:_BEGINNING])
    if found:
        return _LETTERS[found[1]]
    return "E" if _ERROR.match(text) else "I"


def rows(lines: Iterable[LogLine]) -> list[LogRow]:
    """The lines for the template."""
    return [_row(line) for line in lines]


def _row(line: LogLine) -> LogRow:
    level = level_of(line.text)
    clock = f"{timezone.localtime(line.at):%H:%M:%S}"
    return LogRow(line.pk, line.at, clock, words.utc(line.at), level, _WORDS[level], line.source, line.text)

"""Taking lines in: each once, none lost, without secrets."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from django.db import connection, transaction

from deployments.engines.bars import superseded
from deployments.engines.levels import level_of
from deployments.models import Cause, Deployment, LogLine, LogSource, Run
from deployments.providers.base import LogEntry

from .redaction import known_secrets, last_state, redact, storable

# Lines of one transaction: what they say is applied in the same one, so a reader that is killed has either
# done both for a part or neither.
_PART = 1000
_ASKED_AT_ONCE = 900
_OUR_MARK = "pilotlight: "
_LOG_LOCK = 0x10C  # of those who write lines, beside the deployment's id

Taken = tuple[LogEntry, Run | None]
T = TypeVar("T")


def fingerprint(*parts: str) -> str:
    """The identity of a line: the same line read again has the same."""
    return hashlib.sha1("\x00".join(parts).encode(), usedforsecurity=False).hexdigest()


def take_in(
    deployment: Deployment,
    entries: Sequence[LogEntry],
    runs: dict[str, Run],
    *,
    then: Callable[[list[Taken]], None] | None = None,
) -> list[Taken]:
    """Store the entries that are new and give them back, redacted, in time order, with their run.

    `runs` maps container ids to runs. `then` is called with each part in the transaction that stores it. Call
    it under the account's claim: one reader at a time. Reading the same again stores nothing; of a progress
    bar only the first state and those that were the newest at a look are kept.
    """
    known = known_secrets(deployment.account)
    taken: list[Taken] = []
    for part in _parts(_new(deployment, entries), _PART):
        lines = [(replace(entry, text=redact(entry.text, known)), mark) for entry, mark in part]
        told = [(entry, runs.get(entry.container_id)) for entry, _ in lines]
        rows = [_row(deployment, *one, mark) for one, (_, mark) in zip(told, lines, strict=True)]
        with _in_order(deployment):
            LogLine.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
            if then is not None:
                then(told)
        taken += told
    return taken


@contextmanager
def _in_order(deployment: Deployment) -> Iterator[None]:
    """A transaction after whose end no smaller id of this deployment appears: who follows by ids misses none.

    Ids are given before a commit. On SQLite there is one writer anyway.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOG_LOCK, deployment.pk])
        yield


def _new(deployment: Deployment, entries: Sequence[LogEntry]) -> list[tuple[LogEntry, str]]:
    """The entries whose marks are not stored, with them, in time order."""
    spoken = sorted((entry for entry in entries if entry.text.strip()), key=lambda entry: entry.at)
    over = superseded([(entry.container_id, entry.text) for entry in spoken])
    marked = list(_marked(entry for place, entry in enumerate(spoken) if place not in over))
    have = _stored(deployment, [mark for _, mark in marked])
    return [(entry, mark) for entry, mark in marked if mark not in have]


def _parts(all_of: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (all_of[start : start + size] for start in range(0, len(all_of), size))


def _marked(entries: Iterable[LogEntry]) -> Iterator[tuple[LogEntry, str]]:
    """Two lines that say the same at the same instant are two lines: the second is marked as the second."""
    counted: Counter[tuple[str, str, str]] = Counter()
    for entry in entries:
        said = (entry.container_id, entry.at.isoformat(), entry.text)
        counted[said] += 1
        again = (str(counted[said]),) if counted[said] > 1 else ()
        yield entry, fingerprint(*said, *again)


def _stored(deployment: Deployment, marks: Sequence[str]) -> set[str]:
    rows = LogLine.objects.filter(deployment=deployment).order_by()
    have: set[str] = set()
    for some in _parts(marks, _ASKED_AT_ONCE):
        have.update(rows.filter(fingerprint__in=some).values_list("fingerprint", flat=True))
    return have


def _row(deployment: Deployment, entry: LogEntry, run: Run | None, mark: str) -> LogLine:
    text = last_state(entry.text)
    return LogLine(
        deployment=deployment,
        run=run,
        release_id=deployment.live_release_id if run is None else run.release_id,
        at=entry.at,
        source=_source(entry, run),
        level=level_of(text),
        text=text,
        fingerprint=mark,
    )


def _source(entry: LogEntry, run: Run | None) -> LogSource:
    """What the provider or our own module says of the container, and what the server in it says."""
    if not entry.container_id:
        return LogSource.BUILD
    ours = entry.by_provider or entry.text.startswith(_OUR_MARK)
    return (
        LogSource.CONTAINER if ours or (run is not None and run.cause == Cause.DOWNLOAD) else LogSource.ENGINE
    )


def keep_own(
    deployment: Deployment, text: str, *, at: datetime, source: LogSource, release_id: int | None, key: str
) -> None:
    """Store what a deploy or the panel itself says, line by line; `key` tells apart what is said twice."""
    known = known_secrets(deployment.account)
    said = [storable(line, known) for line in text.split("\n") if line.strip()]
    rows = [
        LogLine(
            deployment=deployment,
            release_id=release_id,
            at=at,
            source=source,
            level=level_of(line),
            text=line,
            fingerprint=fingerprint(source, key, line, *((str(place),) if place else ())),
        )
        for place, line in enumerate(said)
    ]
    with _in_order(deployment):
        LogLine.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)

"""A generator's sign of life, and what becomes of the replies of one that died."""

import os
import socket
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from chat.models import LIVE, Generator, Message, Status
from chat.streams import events
from chat.streams.publish import Told

from .rows import MOST_ASKED_TIMES
from .words import DIED, TOO_LATE, TOO_LATE_TO_GO_ON

_KEPT = timedelta(days=1)


def begin_life(now: datetime) -> Generator:
    """A row for this process; drops rows of long ago."""
    Generator.objects.filter(seen_at__lt=now - _KEPT).delete()
    name = f"{socket.gethostname()}:{os.getpid()}"
    return Generator.objects.create(name=name[:120], started_at=now, seen_at=now)


def beat(generator: Generator, now: datetime) -> bool:
    """Say that it lives. False where others took it for dead or its row is gone: it has to begin anew."""
    return bool(Generator.objects.filter(pk=generator.pk, stopped_at__isnull=True).update(seen_at=now))


def end_life(generator: Generator, now: datetime) -> None:
    """Say that it stopped."""
    Generator.objects.filter(pk=generator.pk, stopped_at__isnull=True).update(stopped_at=now)


def take_over(now: datetime) -> list[tuple[str, list[Told]]]:
    """See to the replies of dead generators; gives what their readers have to be told. Safe to repeat.

    One of which nothing came is queued again; the others keep their partial text and can go on. What nobody
    took in time ends.
    """
    Generator.objects.dead(now).filter(stopped_at__isnull=True).update(stopped_at=now)
    orphaned = Q(generator__stopped_at__isnull=False)
    nobodys = Q(generator__isnull=True, status__in=(Status.WAKING, Status.STREAMING))
    told = []
    for row in (
        Message.objects.select_related("generator").filter(orphaned | nobodys, status__in=LIVE).order_by("id")
    ):
        values = _after_death(row, now)
        same = Message.objects.filter(pk=row.pk, status=row.status, generator=row.generator)
        with transaction.atomic():
            changed = same.update(**values)
        if changed:
            told.append((row.public_id, [(events.STATE, _state(values))]))
    return [*told, *_end_overdue(now)]


def _end_overdue(now: datetime) -> list[tuple[str, list[Told]]]:
    told = []
    for row in Message.objects.overdue(now).order_by("id"):
        values = _too_late(row, now)
        if Message.objects.overdue(now).filter(pk=row.pk).update(**values):
            told.append((row.public_id, [(events.STATE, _state(values))]))
    return told


def _too_late(row: Message, now: datetime) -> dict[str, object]:
    """What a Continue had before stays, and can be continued again."""
    has_words = bool(row.text or row.reasoning or row.tool_calls)
    return {
        "status": Status.INTERRUPTED if has_words else Status.FAILED,
        "error_code": "too_late",
        "error_text": TOO_LATE_TO_GO_ON if has_words else TOO_LATE,
        "finished_at": now,
    }


def _after_death(row: Message, now: datetime) -> dict[str, object]:
    if row.stop_asked_at is not None:
        return {"status": Status.STOPPED, "finished_at": now, "generator": None}
    if not (row.text or row.reasoning or row.tool_calls) and row.asked_times < MOST_ASKED_TIMES:
        since = row.generator.seen_at if row.generator else row.waits_since
        return {"status": Status.QUEUED, "generator": None, "waits_since": since}
    return {
        "status": Status.INTERRUPTED,
        "error_code": "generator_died",
        "error_text": DIED,
        "finished_at": now,
        "generator": None,
    }


def _state(values: dict[str, object]) -> dict[str, object]:
    names = ("status", "error_code", "error_text")
    return {name: str(values[name]) for name in names if name in values}

"""What a generator reads and writes in the database. Every write is conditional on its claim."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, transaction

from chat.markdown import VERSION, render
from chat.models import LIVE, Generator, Message, Status

from .ending import Ending
from .writing import Writing

log = structlog.get_logger(__name__)

MOST_ASKED_TIMES = 20


@dataclass(frozen=True, slots=True)
class Orders:
    """Replies to stop, replies that are no longer this generator's own, and those that no row can hold."""

    stop: frozenset[int]
    lost: frozenset[int]
    broken: frozenset[int]


def claim(generator: Generator, most: int, now: datetime) -> list[Message]:
    """Take up to `most` queued replies, oldest first, none overdue; of two generators, one gets each."""
    claimed = []
    for row in Message.objects.unclaimed(now)[:most]:
        if Message.objects.unclaimed(now).filter(pk=row.pk).update(generator=generator):
            row.generator = generator
            claimed.append(row)
    return claimed


def own(generator: Generator, pk: int) -> Any:
    """The row `pk`, as long as this generator holds it."""
    return Message.objects.filter(pk=pk, generator=generator, status__in=LIVE)


def checkpoint(
    generator: Generator, writings: Sequence[Writing], held: Sequence[int], now: datetime
) -> Orders:
    """Write what is dirty in one transaction, and say what became of all that are `held`."""
    broken = _write_all(generator, writings, now)
    mine = Message.objects.filter(pk__in=held, generator=generator, status__in=LIVE)
    asked = dict(mine.values_list("pk", "stop_asked_at"))
    return Orders(
        stop=frozenset(pk for pk, at in asked.items() if at is not None),
        lost=frozenset(held) - asked.keys(),
        broken=broken,
    )


def _write_all(generator: Generator, writings: Sequence[Writing], now: datetime) -> frozenset[int]:
    """One transaction for all; where one of them spoils it, one for each. Gives those that cannot be written.

    Raises OperationalError and InterfaceError: then it is the database that is away, and no reply's fault.
    """
    try:
        with transaction.atomic():
            for writing in writings:
                own(generator, writing.pk).update(**so_far(writing, now))
    except (OperationalError, InterfaceError):
        raise
    except Exception:  # the edge: one reply must not keep the others from their rows
        return frozenset(one.pk for one in writings if not _written(generator, one, now))
    return frozenset()


def _written(generator: Generator, writing: Writing, now: datetime) -> bool:
    try:
        with transaction.atomic():
            own(generator, writing.pk).update(**so_far(writing, now))
    except (OperationalError, InterfaceError):
        raise
    except Exception:  # the edge, as above
        log.exception("runner.row_unwritable", reply=writing.public_id)
        return False
    return True


def so_far(writing: Writing, now: datetime) -> dict[str, Any]:
    """The columns of a reply that is being written."""
    counts = writing.counts()
    return {
        "status": writing.status,
        "text": writing.text,
        "reasoning": writing.reasoning,
        "tool_calls": writing.calls.rows(),
        "model": writing.model[:200],
        "request_id": writing.request_id[:40],
        "started_at": writing.started_at,
        "first_token_at": writing.first_token_at,
        "reasoning_ended_at": writing.reasoning_ended_at,
        "waited_s": writing.waited_s,
        "written_s": writing.written_so_far_s(now),
        "prompt_tokens": counts.prompt,
        "cached_tokens": counts.cached,
        "completion_tokens": counts.completion,
        "reasoning_tokens": counts.reasoning,
        "cost_usd": writing.meter.total(now),
    }


def finish(generator: Generator, writing: Writing, ending: Ending, now: datetime) -> Message | None:
    """The last, exact write; gives the row as it stands, None where it was no longer this generator's."""
    values = so_far(writing, now) | {
        "status": ending.status,
        "error_code": ending.code,
        "error_text": ending.text,
        "finish_reason": writing.finish_reason[:40],
        "finished_at": now,
        "html": render(writing.text) if writing.text else "",
        "html_version": VERSION,
        "generator": None,
    }
    if not own(generator, writing.pk).update(**values):
        return None
    return Message.objects.filter(pk=writing.pk).first()


def give_up(generator: Generator, pk: int, text: str, now: datetime) -> Message | None:
    """The end of a reply that cannot be written as it is: what the last checkpoint kept stays. The row, None
    where it was no longer this generator's."""
    values = {"status": Status.FAILED, "error_code": "unwritable", "error_text": text, "finished_at": now}
    if not own(generator, pk).update(**values, generator=None):
        return None
    return Message.objects.filter(pk=pk).first()


def give_back(generator: Generator, pk: int, now: datetime) -> bool:
    """Queue a reply of which nothing came yet again, for whichever generator comes next."""
    values = {"status": Status.QUEUED, "generator": None, "waits_since": now}
    return bool(own(generator, pk).update(**values))

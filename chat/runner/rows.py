"""What a generator reads and writes in the database. Every write is conditional on its claim."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from chat.markdown import VERSION, render
from chat.models import LIVE, Generator, Message, Status

from .endings import Ending
from .writing import Writing

MOST_ASKED_TIMES = 20


@dataclass(frozen=True, slots=True)
class Orders:
    """What changed behind a generator's back: replies to stop, and replies that are no longer its own."""

    stop: frozenset[int]
    lost: frozenset[int]


def claim(generator: Generator, most: int) -> list[Message]:
    """Take up to `most` queued replies, oldest first; of two generators, one gets each."""
    claimed = []
    for row in Message.objects.unclaimed()[:most]:
        if Message.objects.unclaimed().filter(pk=row.pk).update(generator=generator):
            row.generator = generator
            claimed.append(row)
    return claimed


def own(generator: Generator, pk: int) -> Any:
    """The row `pk`, as long as this generator holds it."""
    return Message.objects.filter(pk=pk, generator=generator, status__in=LIVE)


def checkpoint(generator: Generator, writings: Sequence[Writing], held: Sequence[int]) -> Orders:
    """Write what is dirty in one transaction, and say what became of all that are `held`."""
    with transaction.atomic():
        for writing in writings:
            own(generator, writing.pk).update(**so_far(writing))
    mine = Message.objects.filter(pk__in=held, generator=generator, status__in=LIVE)
    asked = dict(mine.values_list("pk", "stop_asked_at"))
    return Orders(
        stop=frozenset(pk for pk, at in asked.items() if at is not None), lost=frozenset(held) - asked.keys()
    )


def so_far(writing: Writing) -> dict[str, Any]:
    """The columns of a reply that is being written."""
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
        "written_s": writing.written_s,
    }


def finish(generator: Generator, writing: Writing, ending: Ending, now: datetime) -> Message | None:
    """The last, exact write; gives the row as it stands, None where it was no longer this generator's."""
    row = Message.objects.filter(pk=writing.pk, generator=generator, status__in=LIVE).first()
    if row is None:
        return None
    values = so_far(writing) | _counts(writing, row)
    values |= {
        "status": ending.status,
        "error_code": ending.code,
        "error_text": ending.text,
        "finish_reason": writing.finish_reason[:40],
        "finished_at": now,
        "cost_usd": writing.meter.total(now),
        "html": render(writing.text) if writing.text else "",
        "html_version": VERSION,
        "generator": None,
    }
    if not own(generator, writing.pk).update(**values):
        return None
    return Message.objects.filter(pk=writing.pk).first()


def _counts(writing: Writing, row: Message) -> dict[str, int | None]:
    """Tokens of all attempts together: what a Continue adds, on the prompt it was first asked with."""
    usage = writing.usage
    if usage is None:
        return {}
    return {
        "prompt_tokens": usage.prompt if row.prompt_tokens is None else row.prompt_tokens,
        "cached_tokens": usage.cached if row.prompt_tokens is None else row.cached_tokens,
        "completion_tokens": _sum(row.completion_tokens, usage.completion),
        "reasoning_tokens": _sum(row.reasoning_tokens, usage.reasoning),
    }


def _sum(before: int | None, more: int | None) -> int | None:
    return before if more is None else (before or 0) + more


def give_back(generator: Generator, pk: int) -> bool:
    """Queue a reply of which nothing came yet again, for whichever generator comes next."""
    values = {"status": Status.QUEUED, "generator": None}
    return bool(own(generator, pk).update(**values))

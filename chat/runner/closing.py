"""The end of a reply: exact in its row first, then told to its readers."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog

from chat.models import Generator, Message, Status
from chat.streams import events
from chat.streams.from_rows import receipt_data, state
from chat.streams.publish import Publisher
from chat.threads import in_thread

from . import rows
from .ending import Ending
from .loops import until_done
from .words import UNWRITABLE
from .writing import Writing

log = structlog.get_logger(__name__)


class Closing:
    """Closes replies of one generator. `telling` is held by whoever drains a reply."""

    def __init__(
        self, publisher: Publisher, telling: asyncio.Lock, life: Generator, now: Callable[[], datetime]
    ) -> None:
        self._publisher = publisher
        self._telling = telling
        self._life = life
        self._now = now

    async def end(self, writing: Writing, ending: Ending) -> None:
        """Write it down and tell: whoever hears of the end finds all of it in the row."""
        if ending.status is Status.FAILED and writing.has_words:
            ending = Ending(Status.INTERRUPTED, ending.code, ending.text)
        told: list[tuple[str, dict[str, Any]]] = []
        now = self._now()
        try:
            async with self._telling:
                writing.needs_snapshot |= writing.on_its_way  # whether that arrives is not known yet
                told = await in_thread(writing.drain, last=True)
            row = await until_done(lambda: in_thread(rows.finish, self._life, writing, ending, now))
        except Exception:  # the edge: a reply that cannot be written must still end, or it is paid again
            log.exception("runner.reply_unwritable", reply=writing.public_id)
            row = await until_done(lambda: in_thread(rows.give_up, self._life, writing.pk, UNWRITABLE, now))
        if row is None:
            await self.let_go(writing)
            return
        told += [(events.RECEIPT, receipt_data(row)), (events.STATE, state(row))]
        await self._publisher.send([(writing.public_id, told, False)])

    async def let_go(self, writing: Writing) -> None:
        """It is another generator's by now, or deleted: then nothing of it stays in its stream either."""
        if not await in_thread(Message.objects.filter(pk=writing.pk).exists):
            await self._publisher.forget(writing.public_id)

    async def give_back(self, writing: Writing) -> None:
        """Nothing came: the next generator asks."""
        await until_done(lambda: in_thread(rows.give_back, self._life, writing.pk, self._now()))
        queued = {"status": Status.QUEUED.value}
        await self._publisher.send([(writing.public_id, [(events.STATE, queued)], False)])

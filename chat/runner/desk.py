"""The generator: takes queued replies, has them written, tells readers and rows."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

import structlog
from django.utils import timezone

from chat.models import Generator, Message, Status
from chat.streams.publish import SNAPSHOT_AFTER, Publisher, Told
from chat.threads import in_thread

from . import lives, rows
from .closing import Closing
from .course import Course
from .ending import Ending
from .gateway import Gateway
from .lookout import Lookout
from .loops import again_and_again, pause
from .nudged import Nudges
from .question import Question
from .words import RESTARTED, UNWRITABLE
from .writing import Writing

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 256
CLAIM_EVERY_S = 1.5
TELL_EVERY_S = 0.1
WRITE_EVERY_S = 1.0
TAKE_OVER_EVERY_S = 3.0
STOP_WITHIN_S = 5.0


class Why(StrEnum):
    """Why a reply is cut off here."""

    STOPPED = "stopped"
    LOST = "lost"
    BROKEN = "broken"
    SHUT_DOWN = "shut_down"


_CUT_OFF = {
    Why.STOPPED: Ending(Status.STOPPED),
    Why.LOST: Ending(Status.INTERRUPTED, "restarted", RESTARTED),
    Why.SHUT_DOWN: Ending(Status.INTERRUPTED, "restarted", RESTARTED),
    Why.BROKEN: Ending(Status.FAILED, "unwritable", UNWRITABLE),
}


class Desk:
    """One generator. `run` returns when `stop` is set, with every reply seen to."""

    def __init__(self, gateway: Gateway, *, now: Callable[[], datetime] = timezone.now) -> None:
        self._now = now
        self._gateway = gateway
        self._publisher = Publisher()
        self._lookout = Lookout(now)
        self._course = Course(gateway, asked=self._about_to_ask, first=self._begun, now=now)
        self._nudges = Nudges()
        self._life: Generator | None = None
        self._writings: dict[int, Writing] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._why: dict[int, Why] = {}
        self._hurried = asyncio.Event()
        self._telling = asyncio.Lock()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. Errors of the database and the broker are outlived."""
        claiming = asyncio.create_task(again_and_again(self._claim, CLAIM_EVERY_S, self._nudges.asked))
        others = [
            asyncio.create_task(again_and_again(self._tell_all, TELL_EVERY_S, self._hurried)),
            asyncio.create_task(again_and_again(self._write, WRITE_EVERY_S)),
            asyncio.create_task(again_and_again(self._lookout.round, self._lookout.every_s)),
            asyncio.create_task(again_and_again(self._take_over, TAKE_OVER_EVERY_S)),
            asyncio.create_task(self._nudges.listen(self._stop_one)),
        ]
        try:
            await stop.wait()
        finally:
            claiming.cancel()
            await asyncio.wait([claiming])
            await self._shut_down()
            for task in others:
                task.cancel()
            await asyncio.wait(others)
            await self._publisher.close()
            await self._gateway.close()

    async def _shut_down(self) -> None:
        """Cut off every reply; each is written down, and given to the next generator where nothing came."""
        for pk in list(self._tasks):
            self._cut_off(pk, Why.SHUT_DOWN)
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=STOP_WITHIN_S)
        if self._life is not None:
            await in_thread(lives.end_life, self._life, self._now())

    # Taking replies

    async def _claim(self) -> None:
        """As long as there are more: a nudge stands for any number of them."""
        while self._life is not None and (room := MOST_AT_ONCE - len(self._tasks)) > 0:
            claimed = await in_thread(rows.claim, self._life, min(room, 64), self._now())
            for row in claimed:
                self._begin(row)
            if not claimed:
                return

    def _begin(self, row: Message) -> None:
        assert row.generator is not None  # noqa: S101 - it was claimed just now
        writing = self._writings[row.pk] = Writing.of(row)
        task = asyncio.create_task(self._answer(writing, row.generator), name=f"reply-{row.public_id}")
        self._tasks[row.pk] = task
        task.add_done_callback(lambda done: self._drop(row.pk, done))

    def _drop(self, pk: int, done: asyncio.Task[None]) -> None:
        """Forget a reply that is over, unless it was claimed anew meanwhile (Continue right after Stop)."""
        if self._tasks.get(pk) is not done:
            return
        self._tasks.pop(pk, None)
        self._writings.pop(pk, None)
        self._why.pop(pk, None)
        self._lookout.forget(pk)

    # One reply

    async def _answer(self, writing: Writing, life: Generator) -> None:
        ending = await self._course_of(writing)
        why = self._why.get(writing.pk)
        closing = Closing(self._publisher, self._telling, life, self._now)
        if why is Why.LOST:
            await closing.let_go(writing)
        elif why is Why.SHUT_DOWN and not writing.has_words:
            await closing.give_back(writing)
        else:
            await closing.end(writing, ending)

    async def _course_of(self, writing: Writing) -> Ending:
        try:
            ending = await self._course.run(writing)
        except asyncio.CancelledError:
            if writing.pk not in self._why:
                raise
            ending = _CUT_OFF[self._why[writing.pk]]
        except Exception:  # the edge: this reply fails, the others go on
            log.exception("runner.reply_failed", reply=writing.public_id)
            ending = Ending(Status.FAILED, "panel_error", "The panel made a mistake here. Try again.")
        writing.close(self._now())
        return ending

    async def _about_to_ask(self, writing: Writing, question: Question) -> None:
        await self._lookout.watch(writing, question.slug)
        self._hurried.set()

    def _begun(self, writing: Writing) -> None:
        self._lookout.begun(writing)
        self._hurried.set()

    def _cut_off(self, pk: int, why: Why) -> None:
        """End a reply that is still on its way; one that is being closed is left to that."""
        writing, task = self._writings.get(pk), self._tasks.get(pk)
        if writing is not None and task is not None and not writing.closed and pk not in self._why:
            self._why[pk] = why
            task.cancel()

    def _stop_one(self, public_id: str) -> None:
        for pk, writing in self._writings.items():
            if writing.public_id == public_id:
                self._cut_off(pk, Why.STOPPED)
                return

    # Telling readers

    async def _tell_all(self) -> None:
        """Only draining is done under the lock: a broker that hangs must not hold up the end of a reply."""
        async with self._telling:
            due = [one for one in self._writings.values() if one.waits_to_be_told and not one.closed]
            if not due:
                return
            for writing in due:
                if writing.told_since_snapshot > SNAPSHOT_AFTER:
                    writing.needs_snapshot = True
                writing.on_its_way = True
            batches, broken = await in_thread(_drained, due)
        for writing in broken:
            self._cut_off(writing.pk, Why.BROKEN)
        away = await self._publisher.send(batches)
        for writing in due:
            writing.on_its_way = False
            writing.needs_snapshot |= writing.public_id in away
        if away:
            await pause(WRITE_EVERY_S)

    # Writing rows

    async def _write(self) -> None:
        life = self._life
        if life is None or not await in_thread(lives.beat, life, self._now()):
            await self._begin_anew()
            return
        dirty = [one for one in self._writings.values() if one.dirty and not one.closed]
        for writing in dirty:
            writing.dirty = False
        try:
            orders = await in_thread(rows.checkpoint, life, dirty, list(self._writings), self._now())
        except Exception:
            for writing in dirty:
                writing.dirty = True
            raise
        for pk in orders.stop:
            self._cut_off(pk, Why.STOPPED)
        for pk in orders.lost:
            self._cut_off(pk, Why.LOST)
        for pk in orders.broken:
            self._cut_off(pk, Why.BROKEN)

    async def _begin_anew(self) -> None:
        """Others took this generator for dead, and its replies away: it has none, and a new life."""
        if self._life is not None:
            log.warning("runner.was_taken_for_dead", generator=self._life.name)
            for pk in list(self._tasks):
                self._cut_off(pk, Why.LOST)
        self._life = await in_thread(lives.begin_life, self._now())
        self._nudges.asked.set()

    async def _take_over(self) -> None:
        """Say first that this one lives: after a standstill of the machine it would bury itself."""
        if self._life is not None:
            await in_thread(lives.beat, self._life, self._now())
        told = await in_thread(lives.take_over, self._now())
        if told:
            self._nudges.asked.set()
            await self._publisher.send([(public_id, events, False) for public_id, events in told])


def _drained(due: list[Writing]) -> tuple[list[tuple[str, list[Told], bool]], list[Writing]]:
    """What is to be sent, and those whose text cannot be rendered: they must not keep the others silent."""
    batches, broken = [], []
    for writing in due:
        snapshot = writing.needs_snapshot
        try:
            batches.append((writing.public_id, writing.drain(), snapshot))
        except Exception:  # the edge: this reply ends, the others go on
            log.exception("runner.reply_unrenderable", reply=writing.public_id)
            broken.append(writing)
    return batches, broken

"""The course of one reply: asking, asking again where nothing came, taking what comes."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import openai
import structlog
from django.db.models import F

from chat.models import Message, Status
from chat.threads import in_thread
from gateway.public import KeyRefused

from .chunks import read_chunk
from .ending import Ending
from .endings import ending_of
from .gateway import Gateway
from .loops import until_done
from .question import Question, load
from .words import BROKE_OFF, CANNOT_REACH
from .writing import Writing

log = structlog.get_logger(__name__)

# Long enough for a restart of the web processes; a cold start is waited for within one request.
PAUSES_S = (0.3, 0.7, 1.5, 3.0, 5.0, 8.0, 8.0, 8.0, 8.0, 8.0)
GONE = Ending(Status.FAILED, "gone", "The conversation was deleted.")

Asked = Callable[[Writing, Question], Awaitable[None]]


class Course:
    """How replies are asked for. `asked` is awaited before each attempt, `first` called at a first token."""

    def __init__(
        self,
        gateway: Gateway,
        *,
        asked: Asked,
        first: Callable[[Writing], None],
        now: Callable[[], datetime],
        pauses_s: tuple[float, ...] = PAUSES_S,
    ) -> None:
        self._gateway = gateway
        self._asked = asked
        self._first = first
        self._now = now
        self._pauses_s = pauses_s

    async def run(self, writing: Writing) -> Ending:
        """How it ended. Cancelling ends the generation at the engine."""
        question = await until_done(lambda: in_thread(load, writing.pk))
        if question is None:
            return GONE
        for pause_s in (*self._pauses_s, None):
            await until_done(lambda: in_thread(_count_attempt, writing.pk))
            ending = await self._attempt(writing, question)
            if not ending.again or pause_s is None:
                return ending
            log.info("chat.asking_again", reply=writing.public_id, code=ending.code, pause_s=pause_s)
            if ending.renew:
                self._gateway.tokens.forget(question.owner_id)
            await asyncio.sleep(pause_s)
        raise AssertionError("the last pause is None")

    async def _attempt(self, writing: Writing, question: Question) -> Ending:
        try:
            await self._asked(writing, question)
            return await self._once(writing, question)
        except KeyRefused as error:
            return Ending(Status.FAILED, error.code, error.message)
        except openai.APIError as error:
            return ending_of(error, received=writing.received)
        except Exception as error:  # the edge: a broken connection has many names
            log.warning("chat.broke_off", reply=writing.public_id, error=repr(error)[:200])
            return ending_of(error, received=writing.received)

    async def _once(self, writing: Writing, question: Question) -> Ending:
        async with self._gateway.stream(question) as answer:
            writing.request_id = answer.response.headers.get("x-pilotlight-request-id", "")
            async for data in answer:
                self._take(writing, data)
        if writing.finish_reason:
            return Ending(Status.DONE)
        if writing.received:
            return Ending(Status.INTERRUPTED, "broke_off", BROKE_OFF)
        return Ending(Status.FAILED, "unreachable", CANNOT_REACH, again=True)

    def _take(self, writing: Writing, data: Any) -> None:
        if writing.take(read_chunk(data), self._now()):
            self._first(writing)


def _count_attempt(pk: int) -> None:
    Message.objects.filter(pk=pk).update(asked_times=F("asked_times") + 1)

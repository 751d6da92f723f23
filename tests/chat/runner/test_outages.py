"""A database that is locked for a moment, a broker that hangs, a reply that cannot be rendered."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from chat.models import Conversation, Message, Status
from chat.runner import course, lives, rows
from chat.runner.closing import Closing
from chat.runner.desk import Desk, Why
from chat.runner.ending import Ending
from chat.runner.gateway import Gateway
from chat.runner.writing import Writing
from chat.services import replies
from chat.streams.events import stream_key
from chat.streams.publish import Publisher
from chat.threads import in_thread
from controlpanel.models import User
from gateway.public import KeyRefused
from tests.gateway.house import until

AWAY = [OperationalError("database is locked"), InterfaceError("connection already closed")]


def failing(times: int, then: Any) -> Any:
    """A function that finds the database away so often."""
    errors = iter((AWAY * 2)[:times])

    def work(pk: int) -> Any:
        for error in errors:
            raise error
        return then

    return work


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("place", ["load", "_count_attempt"])
async def test_database_that_is_away_for_a_moment_fails_no_reply(
    monkeypatch: pytest.MonkeyPatch, place: str, times: int
) -> None:
    async def refuse(writing: Any, question: Any) -> None:
        raise KeyRefused("inactive", "reached the gateway", status=403)

    monkeypatch.setattr("chat.runner.loops._PAUSE_S", 0.0)
    monkeypatch.setattr(course, "load", failing(0, SimpleNamespace(owner_id=1)))
    monkeypatch.setattr(course, "_count_attempt", failing(0, None))
    monkeypatch.setattr(course, place, failing(times, SimpleNamespace(owner_id=1)))
    made = course.Course(Gateway("http://127.0.0.1:1"), asked=refuse, first=print, now=timezone.now)
    ending = await made.run(Writing(1, "r"))
    assert ending.text == "reached the gateway"


@pytest.fixture
async def hung_broker(settings: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Accepts every connection and never says a word."""
    release = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    settings.REDIS_URL = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    monkeypatch.setattr("chat.broker.PATIENCE_S", 0.3)
    yield
    release.set()
    server.close()
    await server.wait_closed()


@pytest.mark.django_db(transaction=True)
async def test_hung_broker_does_not_hold_up_the_end_of_a_reply(
    hung_broker: None, talk: Conversation, anna: User
) -> None:
    reply = await in_thread(replies.ask, anna, talk.public_id, "Hello")
    life = await in_thread(lives.begin_life, timezone.now())
    await in_thread(rows.claim, life, 1, timezone.now())
    desk, writing = Desk(Gateway("http://127.0.0.1:1")), Writing(reply.pk, reply.public_id)
    desk._writings[reply.pk] = writing
    telling = asyncio.create_task(desk._tell_all())
    await until(lambda: writing.on_its_way and not desk._telling.locked(), 2.0)
    closing = Closing(desk._publisher, desk._telling, life, timezone.now)
    ending = asyncio.create_task(closing.end(writing, Ending(Status.DONE)))

    async def ended() -> bool:
        return bool(await in_thread(Message.objects.filter(pk=reply.pk, status="done").exists))

    await until(ended, 2.0)
    assert not telling.done()
    telling.cancel()
    await asyncio.wait([telling, ending])
    assert ending.exception() is None
    await desk._publisher.close()


async def test_hung_broker_is_given_up_and_says_who_was_not_told(hung_broker: None) -> None:
    publisher = Publisher()
    async with asyncio.timeout(5.0):
        away = await publisher.send([("one", [("state", {})], False), ("two", [("state", {})], True)])
    assert away == {"one", "two"}
    await publisher.close()


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> Writing:
    """A reply whose Markdown cannot be rendered."""
    bad = Writing(1, "bad", text="x")
    monkeypatch.setattr(bad._splitter, "feed", lambda text: 1 / 0)
    bad._new_text = ["x"]
    return bad


@pytest.mark.usefixtures("broker")
async def test_reply_that_cannot_be_rendered_keeps_no_other_silent(poison: Writing) -> None:
    desk, good = Desk(Gateway("http://127.0.0.1:1")), Writing(2, "good")
    sleeping = asyncio.create_task(asyncio.Event().wait())
    desk._writings, desk._tasks = {1: poison, 2: good}, {1: sleeping}  # type: ignore[dict-item]
    await desk._tell_all()
    assert desk._why == {1: Why.BROKEN}
    assert (good.needs_snapshot, good.on_its_way) == (False, False)
    await asyncio.wait([sleeping])
    await desk._publisher.close()


@pytest.mark.usefixtures("broker")
async def test_stream_that_refuses_keeps_no_other_from_its_readers() -> None:
    publisher = Publisher()
    await publisher._broker.set(stream_key("bad"), "no stream")
    told = [("state", {"status": "done"})]
    assert await publisher.send([("bad", told, False), ("good", told, False)]) == {"bad"}
    assert await publisher._broker.xlen(stream_key("good")) == 1
    await publisher.close()

"""Following a reply: resuming, many readers, a slow one, no stream, no broker."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.conf import settings
from django.utils import timezone

from chat.markdown import render
from chat.models import Conversation, Message
from chat.services import replies
from chat.streams import Event, follow, hub
from chat.streams.events import stream_key
from chat.streams.publish import Publisher, tell
from chat.threads import in_thread
from controlpanel.models import User
from tests.patience import until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
TEXT = "# A title\n\nSome *words*.\n\n- one\n- two\n"


@pytest.fixture
def reply(talk: Conversation, anna: User) -> Message:
    row = replies.ask(anna, talk.public_id, "Hello")
    Message.objects.filter(pk=row.pk).update(status="streaming", started_at=timezone.now())
    return row


@pytest.fixture
async def publisher(broker: str) -> AsyncIterator[Publisher]:
    publisher = Publisher()
    yield publisher
    await publisher.close()


def words(number: int) -> tuple[str, dict[str, Any]]:
    return "open", {"n": 0, "text": f"{number} ", "reset": False}


LAST = ("state", {"status": "done"})


def finish(reply: Message, **fields: Any) -> None:
    now = timezone.now()
    values = {"status": "done", "text": TEXT, "finished_at": now, "first_token_at": now} | fields
    Message.objects.filter(pk=reply.pk).update(**values)


async def collect(reply: Message, after: str | None = None, within_s: float = 10.0) -> list[Event]:
    async with asyncio.timeout(within_s):
        return [event async for event in follow(reply.public_id, after)]


def numbers(events: list[Event]) -> list[int]:
    return [int(event.data["text"]) for event in events if event.kind == "open"]


async def test_readers_who_come_at_any_time_get_all_of_it(reply: Message, publisher: Publisher) -> None:
    readers = []
    for number in range(0, 600, 100):
        readers.append(asyncio.create_task(collect(reply)))
        await publisher.send([(reply.public_id, [words(n) for n in range(number, number + 100)], False)])
    await in_thread(finish, reply)
    await publisher.send([(reply.public_id, [LAST], False)])
    for events in await asyncio.gather(*readers):
        assert numbers(events) == list(range(600))
        assert events[-1].is_last


async def test_one_resumes_exactly_after_what_it_has(reply: Message, publisher: Publisher) -> None:
    await publisher.send([(reply.public_id, [*(words(n) for n in range(50)), LAST], False)])
    await in_thread(finish, reply)
    whole = await collect(reply)
    assert numbers(await collect(reply, after=whole[19].id)) == list(range(20, 50))
    ids = [event.id for event in whole]
    assert ids == sorted(ids, key=lambda one: tuple(map(int, one.split("-"))))


@pytest.mark.parametrize("place", ["foo", "1", "$", "99999999999999999999-0", "1-1 "])
async def test_place_that_is_none_disturbs_no_other_reader(
    reply: Message, publisher: Publisher, place: str
) -> None:
    await publisher.send([(reply.public_id, [words(0)], False)])
    other = follow(reply.public_id)
    seen = [await anext(other)]
    odd = asyncio.create_task(collect(reply, after=place))
    await publisher.send([(reply.public_id, [*(words(n) for n in range(1, 20)), LAST], False)])
    await in_thread(finish, reply)
    seen += [event async for event in other]
    assert numbers(seen) == numbers(await odd) == list(range(20))


async def test_slow_reader_loses_nothing_and_memory_stays_bounded(
    reply: Message, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "MOST_WAITING", 20)
    handed, hand_out = 0, hub.Hub._hand_out

    def counting(self: hub.Hub, key: str, entries: list[Any]) -> None:
        nonlocal handed
        hand_out(self, key, entries)
        handed += len(entries)

    monkeypatch.setattr(hub.Hub, "_hand_out", counting)
    events = follow(reply.public_id)
    await publisher.send([(reply.public_id, [words(0)], False)])
    seen = [await anext(events)]
    for number in range(1, 400, 50):  # nobody reads meanwhile
        most = [words(n) for n in range(number, min(400, number + 50))]
        await publisher.send([(reply.public_id, most, False)])
        last = number + len(most)  # the one before them, and all of these
        await in_thread(until, lambda: handed >= last)  # noqa: B023  # awaited here
    await in_thread(finish, reply)
    await publisher.send([(reply.public_id, [LAST], False)])
    seen += [event async for event in events]
    assert numbers(seen) == list(range(400))


async def test_readers_of_many_replies_share_one_connection(reply: Message, publisher: Publisher) -> None:
    broker = redis.Redis.from_url(settings.REDIS_URL)
    others = [f"reply-{number}" for number in range(20)]
    streams = [follow(name) for name in others for _ in range(3)]
    await publisher.send([(name, [words(1)], False) for name in others])
    before = len(broker.client_list())
    assert [event.data["text"] for event in await asyncio.gather(*map(anext, streams))] == ["1 "] * 60
    assert len(broker.client_list()) <= before + 1
    for stream in streams:
        await stream.aclose()
    broker.close()


async def test_snapshot_replaces_what_was_before_it(reply: Message, publisher: Publisher) -> None:
    await publisher.send([(reply.public_id, [words(n) for n in range(30)], False)])
    snapshot = [("open", {"n": 0, "text": "all of it", "reset": True})]
    await publisher.send([(reply.public_id, snapshot, True)])
    broker = redis.Redis.from_url(settings.REDIS_URL)
    assert broker.xlen(stream_key(reply.public_id)) == 1
    assert 0 < broker.ttl(stream_key(reply.public_id)) <= 3600
    broker.close()


@pytest.mark.usefixtures("broker")
async def test_reply_that_is_long_over_comes_from_its_row(reply: Message) -> None:
    thought_at = timezone.now() - timedelta(seconds=5)
    await in_thread(finish, reply, reasoning="Hm.", reasoning_ended_at=thought_at)
    events = await collect(reply)
    assert [event.kind for event in events] == [
        "reasoning", "thought", "block", "block", "block", "receipt", "state",
    ]  # fmt: skip
    assert "".join(event.data["html"] for event in events if event.kind == "block") == render(TEXT)
    assert events[-1].data == {"status": "done"}
    assert await collect(reply, after=events[0].id) == events


@pytest.mark.usefixtures("broker")
async def test_row_says_the_end_that_no_stream_told(reply: Message) -> None:
    await in_thread(tell, reply.public_id, [words(1)])
    events = follow(reply.public_id)
    assert (await anext(events)).data["text"] == "1 "
    await in_thread(finish, reply, status="interrupted", error_code="generator_died", error_text="It died.")
    async with asyncio.timeout(10):
        rest = [event async for event in events]
    assert rest[-1].data == {
        "status": "interrupted",
        "error_code": "generator_died",
        "error_text": "It died.",
    }


async def test_without_a_broker_the_row_is_followed(reply: Message, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.streams.following.QUIET_S", 0.2)
    monkeypatch.setattr("chat.streams.hub._PAUSE_S", 0.05)
    events = follow(reply.public_id)
    assert (await anext(events)).data == {"status": "streaming"}
    await in_thread(finish, reply)
    async with asyncio.timeout(10):
        rest = [event async for event in events]
    assert rest[-1].data == {"status": "done"}


@pytest.mark.usefixtures("broker")
async def test_reply_that_does_not_exist_ends_at_once(db: Any) -> None:
    async with asyncio.timeout(5):
        assert [event async for event in follow("nothing")] == []


async def test_end_before_a_continue_is_no_end(reply: Message, publisher: Publisher) -> None:
    broken = ("state", {"status": "interrupted"})
    await publisher.send([(reply.public_id, [words(1), broken], False)])
    events = follow(reply.public_id)
    assert (await anext(events)).data["text"] == "1 "
    await publisher.send([(reply.public_id, [words(2)], False)])
    assert (await anext(events)).data["text"] == "2 "
    await events.aclose()

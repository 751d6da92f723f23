"""A reply as server-sent events."""

import json
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncClient, Client
from redis import Redis

from chat.models import Message, Status
from chat.pages import stream
from chat.streams import Event
from chat.streams.publish import tell
from controlpanel.models import User
from deployments.planning.power import Role
from tests.deployments.pages.conftest import person

from .conftest import talk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def reply(broker: str) -> Message:
    """Anna's reply that is being written."""
    row = talk(person(Role.MEMBER, "Anna"), "ready", "Tell me.", "", status=Status.STREAMING)
    return row.head


def client_of(user: User) -> AsyncClient:
    signed_in, made = Client(), AsyncClient()
    signed_in.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    made.cookies = signed_in.cookies
    return made


def events(lines: bytes) -> list[tuple[str, str, dict[str, Any]]]:
    """id, kind and data of each."""
    found = []
    for part in lines.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in part.split("\n") if ": " in line and line[0] != ":")
        if "event" in fields:
            found.append((fields["id"], fields["event"], json.loads(fields["data"])))
    return found


async def read(reply: Message, **headers: str) -> tuple[Any, bytes]:
    """The whole answer."""
    client = await sync_to_async(client_of)(reply.conversation.owner)
    response = await client.get(f"/chat/replies/{reply.public_id}/stream", headers=headers)
    return response, b"".join([chunk async for chunk in response.streaming_content])


def write(reply: Message) -> None:
    """A short reply from the first event to the last."""
    tell(
        reply.public_id, [("state", {"status": "streaming"}), ("open", {"n": 0, "text": "Hi", "reset": True})]
    )
    tell(reply.public_id, [("block", {"n": 0, "html": "<p>Hi\nyou</p>"})])
    Message.objects.filter(pk=reply.pk).update(status=Status.DONE, text="Hi\nyou")
    tell(reply.public_id, [("state", {"status": "done"})])


async def test_everything_comes_in_order_and_ends(reply: Message) -> None:
    await sync_to_async(write)(reply)
    response, lines = await read(reply)
    assert response["Content-Type"] == "text/event-stream"
    assert response["X-Accel-Buffering"] == "no"
    assert response["Cache-Control"] == "no-store"
    assert [kind for _, kind, _ in events(lines)] == ["state", "open", "block", "state"]
    assert events(lines)[2][2] == {"n": 0, "html": "<p>Hi\nyou</p>"}


async def test_a_reader_goes_on_where_it_was(reply: Message) -> None:
    await sync_to_async(write)(reply)
    _, whole = await read(reply)
    seen = events(whole)[1][0]
    _, rest = await read(reply, **{"Last-Event-ID": seen})
    assert events(rest) == events(whole)[2:]


async def test_silence_is_filled_with_signs_of_life(reply: Message, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "BEAT_S", 0.05)
    monkeypatch.setattr(stream, "LIFE_S", 0.5)
    _, lines = await read(reply)
    assert lines.count(b": alive\n\n") >= 2


async def test_a_stream_ends_after_its_life_and_is_asked_for_again(
    reply: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "LIFE_S", 0.3)
    await sync_to_async(tell)(reply.public_id, [("open", {"n": 0, "text": "a", "reset": True})])
    _, lines = await read(reply)
    assert lines.startswith(b"retry: 1000\n\n")
    assert [kind for _, kind, _ in events(lines)][-1:] == ["open"]


async def test_it_works_without_a_broker(reply: Message, settings: Any) -> None:
    await sync_to_async(write)(reply)
    await sync_to_async(Redis.from_url(settings.REDIS_URL).flushall)()
    _, lines = await read(reply)
    assert events(lines)[-1][2]["status"] == "done"
    assert "Hi" in lines.decode()


async def test_a_person_follows_so_many_at_once_and_leaving_makes_room(
    reply: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "MOST_PER_PERSON", 2)
    client = await sync_to_async(client_of)(reply.conversation.owner)
    path = f"/chat/replies/{reply.public_id}/stream"
    first, second = await client.get(path), await client.get(path)
    refused = await client.get(path)
    assert (refused.status_code, refused["Retry-After"]) == (429, "15")
    lines = aiter(first.streaming_content)
    assert await anext(lines) == b"retry: 1000\n\n"
    await lines.aclose()
    for left in (first, second):  # as the handler does when a client leaves; the second was never read from
        left.close()
    assert not stream._open
    assert (await client.get(path)).status_code == 200


def test_nothing_in_a_reply_ends_its_event_early() -> None:
    text = "a\n\nevent: state\ndata: {}\r\n\u2028 \ud800"
    wire = stream.line(Event("1-0", "open", {"n": 0, "text": text, "reset": False}))
    assert wire.count(b"\n\n") == 1
    assert b"\r" not in wire
    assert len(events(wire)) == 1

"""The live stream of log lines."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.test import AsyncClient
from django.utils import timezone

from deployments.api.log_stream import events
from deployments.models import LogLine
from deployments.services import following
from deployments.services.following import BATCH, HEARTBEAT_S, LIFE_S, Tail
from deployments.services.logs import Found
from gateway.models import ApiKey
from tests.deployments.pages.states import LINES, States

from .callers import ROOT, Caller

Make = Callable[..., Caller]
STREAM = f"{ROOT}/deployments/waking/logs/stream"


def line(number: int) -> LogLine:
    return LogLine(pk=number, at=timezone.now(), source="container", text=f"line {number}")


@dataclass
class Store:
    """Lines that turn up while pauses move the clock."""

    batches: list[list[LogLine]]
    now: float = 0.0
    asked: list[int | None] = field(default_factory=list)
    reached: list[int | None] = field(default_factory=list)
    open: bool = True

    def tail(self) -> Tail:
        return Tail(self.read, self.allowed, pause=self.pause, clock=lambda: self.now)

    async def read(self, after_id: int | None) -> Found:
        self.asked.append(after_id)
        reached = self.reached.pop(0) if self.reached else None
        return Found(self.batches.pop(0) if self.batches else [], reached)

    async def allowed(self) -> bool:
        return self.open

    async def pause(self, seconds: float) -> None:
        self.now += seconds


async def gathered(parts: AsyncIterator[str]) -> list[str]:
    return [part async for part in parts]


async def test_each_line_is_an_event_with_its_id_and_reading_goes_on_after_it() -> None:
    store = Store([[line(3), line(4)], [line(7)]])
    parts = await gathered(events(store.tail(), None))
    assert parts[0] == "retry: 1000\n\n"
    first, second = parts[1].removesuffix("\n\n").split("\n\n")
    assert first.startswith("id: 3\ndata: ")
    assert json.loads(second.partition("data: ")[2])["text"] == "line 4"
    assert store.asked[:4] == [None, 4, 7, 7]


async def test_silence_is_broken_by_comments_and_ends_after_its_life() -> None:
    store = Store([])
    parts = await gathered(events(store.tail(), 5))
    assert set(parts[1:]) == {": nothing new\n\n"}
    assert len(parts) - 1 == pytest.approx(LIFE_S / HEARTBEAT_S, abs=2)
    assert store.now == LIFE_S
    assert set(store.asked) == {5}


async def test_full_batch_is_followed_without_a_pause() -> None:
    store = Store([[line(n) for n in range(1, BATCH + 1)], [line(BATCH + 1)]])
    stream = events(store.tail(), 0)
    for _ in range(3):
        await anext(stream)
    assert store.now == 0.0


async def test_search_without_a_find_sends_the_place_it_came_to_and_goes_on_from_there() -> None:
    store = Store([])
    store.reached = [4000, 8000, None]
    parts = await gathered(events(store.tail(), 0))
    assert parts[1:3] == ["id: 4000\n\n", "id: 8000\n\n"]
    assert store.asked[:3] == [0, 4000, 8000]


async def test_stream_ends_when_the_caller_may_not_read_any_more() -> None:
    store = Store([])
    store.open = False
    await gathered(events(store.tail(), 0))
    assert store.now == following.CHECK_S


def streamed(caller: Caller, query: str = "", **headers: str) -> list[dict[str, Any]]:
    """The events of a stream that lives for one look."""

    async def ask() -> str:
        sent = {"Authorization": f"Bearer {caller.secret}"} | headers
        response: Any = await AsyncClient().get(STREAM + query, headers=sent)
        assert response.status_code == 200
        assert response["Content-Type"] == "text/event-stream; charset=utf-8"
        return "".join([part.decode() async for part in response.streaming_content])

    found = async_to_sync(ask)().split("\n\n")
    return [json.loads(event.partition("data: ")[2]) for event in found if "\ndata: " in event]


@pytest.fixture
def one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a stream end after its first look."""
    monkeypatch.setattr(following, "LIFE_S", 0.2)
    monkeypatch.setattr(following, "POLL_S", 0.2)


def test_stream_begins_with_the_newest_lines(caller: Make, states: States, one_look: None) -> None:
    states.waking()
    assert [event["text"] for event in streamed(caller(), "?tail=2")] == list(LINES[-2:])


def test_stream_goes_on_after_the_last_event(caller: Make, states: States, one_look: None) -> None:
    states.waking()
    third = LogLine.objects.order_by("id")[2]
    events = streamed(caller(), "?after=1", **{"Last-Event-ID": str(third.pk)})
    assert [event["text"] for event in events] == list(LINES[3:])
    assert [event["text"] for event in streamed(caller(), f"?after={third.pk}&contains=KV")] == [LINES[4]]


def test_stream_of_a_revoked_key_is_cut(
    caller: Make, states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    states.waking()
    reader = caller()
    monkeypatch.setattr(following, "CHECK_S", 0.0)
    monkeypatch.setattr(following, "POLL_S", 0.0)

    async def ask() -> None:
        response: Any = await AsyncClient().get(STREAM, headers={"Authorization": f"Bearer {reader.secret}"})
        async for part in response.streaming_content:
            if part.startswith(b"id: "):
                await sync_to_async(ApiKey.objects.update)(revoked_at=states.now)

    async_to_sync(asyncio.wait_for)(ask(), 10)

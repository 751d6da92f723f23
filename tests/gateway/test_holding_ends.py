"""How a wait for a server ends without an answer, and how much may wait."""

import asyncio
import json

import pytest

from deployments.public import LeaseEnded, State
from gateway.door import holding, waiting_room
from gateway.models import WhenAsleep

from .asleep import CHATS, STREAMS, WAKES, asleep, quick_looks, ready, waiting
from .house import known, until
from .raw_engine import whole

__all__ = ["quick_looks"]  # a fixture


async def test_limit_of_the_key_ends_the_wait_of_a_call_without_a_stream() -> None:
    async with asleep(key={"hold_limit_s": 20}) as (house, engine):
        asking = asyncio.ensure_future(house.post(json=CHATS))
        await waiting(house)
        house.hands.ahead_s = 21.0
        async with await asking as answer:
            error = (await answer.json())["error"]
            assert (answer.status, error["code"], error["eta_s"]) == (503, "waking", 79)
            assert answer.headers["retry-after"] == "60"
        assert (await house.row()).waited_s == pytest.approx(21, abs=2)
        assert engine.connections == 0


@pytest.mark.parametrize(
    ("p90_s", "limit_s"),
    [(5.0, 65.0), (362.0, 422.0), (3000.0, 540.0)],  # p90 + 60, up to what clients bear
)
def test_without_a_limit_it_is_held_as_long_as_most_starts_take(p90_s: float, limit_s: float) -> None:
    waking = holding.Waking(1, p90_s / 1.35, p90_s)
    assert holding.hold_limit_s(known(), waking) == limit_s


async def test_stream_ends_with_an_event_where_it_takes_much_too_long() -> None:
    async with asleep() as (house, _), house.post(json=STREAMS) as answer:
        await answer.content.readuntil(b"\n\n")
        house.hands.ahead_s = 3 * 135 + 300
        last = (await answer.read()).split(b"data: ")[-1]
        assert json.loads(last)["error"]["code"] == "waking"


@pytest.mark.parametrize(
    ("path", "event"),
    [
        ("/v1/chat/completions", b'data: {"error": '),
        ("/v1/responses", b'event: error\ndata: {"type": "error", '),
        ("/v1/messages", b'event: error\ndata: {"type": "error", "error": '),
    ],
)
async def test_error_of_the_engine_becomes_an_event_of_a_stream_that_waited(path: str, event: bytes) -> None:
    refuses = whole(400, b'{"error": {"message": "too long", "type": "BadRequestError", "code": 400}}')
    async with asleep(refuses) as (house, engine):
        async with house.post(path, json=STREAMS | {"input": "Hello"}) as answer:
            ready(house)
            said = await answer.read()
        assert event in said
        assert b"too long" in said
        assert b'"source": "engine"' in said
        row = await house.row()
        assert (row.status, row.outcome, row.error_code) == (200, "engine_error", "http_400")
        assert len(engine.heard) == 1


@pytest.mark.parametrize(
    ("ended", "status", "code", "asks_again"),
    [
        (LeaseEnded("failed", "The engine died."), 503, "failed", False),
        (LeaseEnded("slept", "Put to sleep by Ben."), 503, "stopping", False),
        (LeaseEnded("turned_off", "Turned off by Ben."), 503, "stopping", False),
        (LeaseEnded("frozen", "Everything was frozen by Ben."), 403, "frozen", False),
        (LeaseEnded("budget", "A budget was spent."), 402, "budget_exhausted", False),
        (LeaseEnded("idle", "It went out."), 503, "waking", True),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_end_of_the_lease_answers_everybody_who_waits(
    ended: LeaseEnded, status: int, code: str, asks_again: bool, stream: bool
) -> None:
    async with asleep() as (house, engine):
        asking = [asyncio.ensure_future(house.post(json=CHATS | {"stream": stream})) for _ in range(3)]
        await waiting(house, 3)
        house.panel.ended = ended
        house.panel.become(State.STOPPING, leases=frozenset())
        for answer in await asyncio.gather(*asking):
            told = (await answer.read()).split(b"data: ")[-1]
            error = json.loads(told)["error"]
            assert (answer.status, error["code"]) == (200 if stream else status, code)
            assert ended.words in error["message"]
            if not stream:
                assert ("retry-after" in answer.headers) == asks_again
        assert engine.connections == 0


@pytest.mark.parametrize("stream", [False, True])
async def test_client_that_leaves_ends_its_wait_and_reaches_nothing(stream: bool) -> None:
    async with asleep() as (house, engine):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3), house.post(json=CHATS | {"stream": stream}) as answer:
                await answer.read()
        await until(lambda: not house.books.open)
        ready(house)
        row = await house.row()
        assert (row.outcome, row.waited_s is not None) == ("client_left", True)
        assert (engine.connections, house.panel.uses) == (0, [])


async def test_key_revoked_while_it_waits_gets_no_answer() -> None:
    async with asleep() as (house, engine):
        asking = asyncio.ensure_future(house.post(json=CHATS))
        await waiting(house)
        house.keys.clear()
        house.hands.ahead_s = 5.0
        ready(house)
        assert (await asking).status == 401
        assert engine.connections == 0


async def test_database_that_is_away_for_a_moment_ends_no_wait() -> None:
    async with asleep() as (house, engine):
        asking = asyncio.ensure_future(house.post(json=CHATS))
        await waiting(house)
        house.panel.broken = True
        asked = house.panel.asked
        await until(lambda: house.panel.asked > asked + 2)
        assert not asking.done()
        house.panel.broken = False
        ready(house)
        assert (await asking).status == 200
        assert len(engine.heard) == 1


async def test_panel_that_stops_says_goodbye_to_those_who_wait() -> None:
    async with asleep() as (house, engine):
        asking = [asyncio.ensure_future(house.post(json=CHATS | {"stream": s})) for s in (False, True)]
        await waiting(house, 2)
        await house.door.close()
        for answer in await asyncio.gather(*asking):
            assert b'"panel_stopping"' in await answer.read()
        assert engine.connections == 0


async def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting_room, "MOST_PER_KEY", 2)
    monkeypatch.setattr(waiting_room, "MOST_WAITING", 3)
    other = "pl_" + "o" * 43
    async with asleep() as (house, _):
        house.admit(known(key_id=8, owner_id=4, scopes=WAKES, when_asleep=WhenAsleep.HOLD), other)
        asking = [asyncio.ensure_future(house.post(json=CHATS)) for _ in range(2)]
        await waiting(house, 2)
        async with house.post(json=CHATS) as answer:
            assert (answer.status, (await answer.json())["error"]["code"]) == (429, "too_many_waiting")
            assert int(answer.headers["retry-after"]) <= 60
        as_other = {"headers": {"x-api-key": other}, "json": CHATS}
        asking.append(asyncio.ensure_future(house.post(**as_other)))
        await waiting(house, 3)
        assert (await house.post(**as_other)).status == 503
        ready(house)
        await asyncio.gather(*asking)
        assert (await house.post(json=CHATS)).status == 200


async def test_bytes_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting_room, "MOST_BYTES", 1000)
    async with asleep() as (house, _):
        async with house.post(json=CHATS | {"messages": ["x" * 1000]}) as answer:
            assert answer.status == 503
        assert house.panel.wakes == []


async def test_deployment_that_goes_away_meanwhile_is_told() -> None:
    async with asleep() as (house, _):
        asking = asyncio.ensure_future(house.post(json=CHATS))
        await waiting(house)
        house.panel.known_routes = []
        assert (await asking).status == 404

"""A request for a server that sleeps wakes it, waits, and reaches it once."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from deployments.public import LeaseEnded, Refused, Scope, State
from gateway.door import heartbeat, holding, routing, waiting_room
from gateway.models import WhenAsleep

from .house import SECRET, House, known, open_house, route, until
from .raw_engine import LAST, SSE, Heard, RawEngine, chunk, raw_engine, whole

CHATS = {"model": "glm-5.2-fp8", "messages": []}
STREAMS = CHATS | {"stream": True}
WAKES = frozenset({Scope.READ, Scope.CHAT, Scope.WAKE})
ANSWER = b'{"choices":[],"usage":{"prompt_tokens":2,"completion_tokens":3}}'


@pytest.fixture(autouse=True)
def _quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "POLL_S", 0.01)
    monkeypatch.setattr(routing, "ROUTES_MAX_AGE_S", 0.02)


@asynccontextmanager
async def asleep(answer: Any = None, **changes: Any) -> AsyncIterator[tuple[House, RawEngine]]:
    """A door before a server that sleeps, with a key that may wake it."""
    key = {"scopes": WAKES, "when_asleep": WhenAsleep.HOLD, "name": "laptop"} | changes.pop("key", {})
    async with raw_engine(answer or whole(200, ANSWER)) as engine:
        asleep = route(engine.url, **({"state": State.ASLEEP, "sentence": "Asleep."} | changes))
        async with open_house(asleep) as house:
            house.admit(known(**key))
            yield house, engine


async def waiting(house: House, count: int = 1) -> None:
    """Return when so many requests wait."""
    await until(lambda: sum(each.waiting_since is not None for each in house.books.open) == count)


def ready(house: House) -> None:
    house.panel.become(State.READY)


async def streamed(heard: Heard, writer: asyncio.StreamWriter) -> None:
    writer.write(SSE + chunk(b'data: {"n":1}\n\n') + chunk(b"data: [DONE]\n\n") + LAST)


async def test_request_wakes_the_server_waits_and_reaches_it_once() -> None:
    async with asleep() as (house, engine):
        asking = asyncio.ensure_future(house.post(json=CHATS))
        await waiting(house)
        await house.tick()
        assert engine.connections == 0
        ready(house)
        async with await asking as answer:
            assert (answer.status, await answer.read()) == (200, ANSWER)
        assert len(engine.heard) == 1
        [(deployment_id, actor, reason)] = house.panel.wakes
        assert (deployment_id, actor.user_id, actor.key_id, actor.via) == (1, 3, 7, "gateway")
        assert reason == "a request to /v1/chat/completions by laptop"


async def test_waiting_is_told_apart_from_use() -> None:
    async with asleep() as (house, _):
        asking = [asyncio.ensure_future(house.post(json=CHATS)) for _ in range(2)]
        await waiting(house, 2)
        await house.tick()
        [row] = house.panel.in_flight[-1]
        assert (row.holder_name, row.count, row.waiting) == ("Anna", 0, 2)
        assert house.panel.uses == []
        ready(house)
        await asyncio.gather(*asking)
        await until(lambda: not house.books.open)
        await house.tick()
        assert house.panel.in_flight[-1] == []
        assert house.panel.uses == [1]


async def test_row_says_how_long_it_waited_and_counts_the_first_byte_from_asking() -> None:
    async with asleep() as (house, _):
        asking = asyncio.ensure_future(house.post(json=CHATS))
        await waiting(house)
        house.hands.ahead_s = 30.0
        ready(house)
        await asking
        row = await house.row()
        assert row.waited_s == pytest.approx(30, abs=5)
        assert row.first_byte_s < 5
        assert row.duration_s > row.waited_s


async def test_request_that_did_not_wait_says_so() -> None:
    async with asleep(state=State.READY) as (house, _):
        await house.post(json=CHATS)
        assert (await house.row()).waited_s is None
        assert house.panel.wakes == []


async def test_stream_begins_at_once_and_hears_phase_and_time() -> None:
    async with asleep(streamed) as (house, _), house.post(json=STREAMS) as answer:
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
        assert await answer.content.readuntil(b"\n\n") == b": waking phase=queued eta_s=100\n\n"
        house.panel.become(State.WAKING, phase="weights", eta_s=42.4)
        assert await answer.content.readuntil(b"\n\n") == b": waking phase=weights eta_s=42\n\n"
        house.hands.ahead_s = heartbeat.EVERY_S
        assert await answer.content.readuntil(b"\n\n") == b": waking phase=weights eta_s=42\n\n"
        ready(house)
        assert await answer.content.readuntil(b"\n\n") == b'data: {"n":1}\n\n'
        assert await answer.read() == b"data: [DONE]\n\n"
    assert heartbeat.EVERY_S + holding.POLL_S < 5  # the contract: at least every 5 s


async def test_stream_of_messages_hears_pings() -> None:
    async with asleep(streamed) as (house, _), house.post("/v1/messages", json=STREAMS) as answer:
        await answer.content.readuntil(b"\n\n")
        assert await answer.content.readuntil(b"\n\n") == b'event: ping\ndata: {"type": "ping"}\n\n'
        ready(house)
        assert (await answer.read()).endswith(b"data: [DONE]\n\n")


async def test_all_requests_of_a_key_share_one_wake() -> None:
    async with asleep() as (house, engine):
        asking = [asyncio.ensure_future(house.post(json=CHATS)) for _ in range(20)]
        await waiting(house, 20)
        assert len(house.panel.wakes) == 1
        ready(house)
        for answer in await asyncio.gather(*asking):
            assert answer.status == 200
        assert len(engine.heard) == 20


@pytest.mark.parametrize("state", [State.WAKING, State.DEPLOYING])
async def test_who_comes_while_it_wakes_waits_under_a_lease_of_their_own(state: State) -> None:
    async with asleep(state=state, leases=frozenset({99})) as (house, _):
        asking = asyncio.ensure_future(house.post(json=CHATS))
        await waiting(house)
        ready(house)
        assert (await asking).status == 200


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
        async with house.post(path, json=STREAMS) as answer:
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


@pytest.mark.parametrize(
    ("refused", "status", "code"),
    [
        (Refused("not_allowed", "It is off.", status=403), 403, "asleep"),
        (Refused("frozen", "Everything is frozen.", status=409), 403, "frozen"),
        (Refused("budget_exhausted", "It is spent.", status=409), 402, "budget_exhausted"),
        (Refused("blind", "It cannot be read.", status=503), 503, "blind"),
        (Refused("price_missing", "No price.", status=409), 403, "price_missing"),
        (Refused("weights_absent", "No weights.", status=409), 403, "weights_absent"),
        (Refused("failed", "It failed.", status=503), 503, "failed"),
        (Refused("budget_exhausted", "The budget is spent.", status=402), 402, "budget_exhausted"),
    ],
)
async def test_what_forbids_a_start_is_told_before_anything_is_lit(
    refused: Refused, status: int, code: str
) -> None:
    async with asleep() as (house, engine):
        house.panel.refuses = refused
        for body in (CHATS, STREAMS):
            async with house.post(json=body) as answer:
                error = (await answer.json())["error"]
                assert (answer.status, error["code"], error["deployment"]) == (status, code, "glm-5-2-fp8")
                assert error["message"].startswith(refused.message)
                assert ("retry-after" in answer.headers) == (code == "blind")
        assert engine.connections == 0


async def test_key_that_wants_an_answer_wakes_and_is_told_when_to_come_back() -> None:
    async with asleep(key={"when_asleep": WhenAsleep.ANSWER}) as (house, engine):
        for body in (CHATS, STREAMS):
            async with house.post(json=body) as answer:
                error = (await answer.json())["error"]
                assert (answer.status, error["code"], error["eta_s"]) == (503, "waking", 100)
                assert answer.headers["retry-after"] == "60"
        assert house.panel.wakes
        ready(house)
        assert (await house.post(json=CHATS)).status == 200
        assert len(engine.heard) == 1


async def test_key_that_may_not_wake_wakes_nothing() -> None:
    async with asleep(key={"when_asleep": WhenAsleep.REFUSE}) as (house, engine):
        async with house.post(json=CHATS) as answer:
            assert (answer.status, (await answer.json())["error"]["code"]) == (403, "asleep")
        assert (house.panel.wakes, engine.connections) == ([], 0)


async def test_looking_wakes_nothing() -> None:
    async with asleep() as (house, engine):
        assert (await house.post("/v1/messages/count_tokens", json=CHATS)).status == 403
        assert (await house.http.get(house.url + "/v1/models", headers={"x-api-key": SECRET})).status == 200
        assert (house.panel.wakes, engine.connections) == ([], 0)


@pytest.mark.parametrize("state", [State.STOPPING, State.FAILED, State.UNKNOWN])
async def test_what_goes_out_failed_or_cannot_be_seen_is_left_alone(state: State) -> None:
    async with asleep(state=state) as (house, engine):
        assert (await house.post(json=CHATS)).status == 503
        assert (house.panel.wakes, engine.connections) == ([], 0)


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


async def test_question_that_waited_is_asked_under_the_served_name() -> None:
    async with asleep() as (house, engine):
        asking = asyncio.ensure_future(house.post(json=CHATS | {"model": "glm-5-2-fp8", "n": 1}))
        await waiting(house)
        ready(house)
        await asking
        assert json.loads(engine.heard[0].body) == CHATS | {"n": 1}


async def test_detour_of_the_provider_is_followed_after_a_wait_too() -> None:
    async def detour(heard: Heard, writer: asyncio.StreamWriter) -> None:
        if heard.method == "POST":
            await whole(303, b"", "location: /result/1")(heard, writer)
        else:
            await streamed(heard, writer)

    async with asleep(detour) as (house, engine):
        async with house.post(json=STREAMS, headers={"x-api-key": SECRET, "cookie": "a=b"}) as answer:
            ready(house)
            assert (await answer.read()).endswith(b"data: [DONE]\n\n")
        assert [(heard.method, heard.path) for heard in engine.heard] == [
            ("POST", "/v1/chat/completions"),
            ("GET", "/result/1"),
        ]
        assert "cookie" not in engine.heard[0].headers


async def test_body_that_is_json_is_called_so() -> None:
    async with asleep(state=State.READY) as (house, engine):
        said = {"x-api-key": SECRET, "content-type": "application/x-www-form-urlencoded"}  # curl --data
        assert (await house.post(data=json.dumps(CHATS), headers=said)).status == 200
        assert engine.heard[0].headers["content-type"] == "application/json"


async def test_deployment_that_goes_away_meanwhile_is_told() -> None:
    async with asleep() as (house, _):
        asking = asyncio.ensure_future(house.post(json=CHATS))
        await waiting(house)
        house.panel.known_routes = []
        assert (await asking).status == 404


def test_embeddings_are_never_a_stream() -> None:
    from gateway.door.paths import FORWARDED

    assert [path for path, endpoint in FORWARDED.items() if not endpoint.streams] == [
        "/v1/embeddings",
        "/v1/messages/count_tokens",
    ]

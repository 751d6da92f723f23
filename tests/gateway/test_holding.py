"""A request for a server that sleeps wakes it, waits, and reaches it once."""

import asyncio
import json

import pytest

from deployments.public import Refused, State
from gateway.door import heartbeat, holding
from gateway.models import WhenAsleep

from .asleep import ANSWER, CHATS, STREAMS, asleep, quick_looks, ready, streamed, waiting
from .house import SECRET, until
from .raw_engine import Heard, whole

__all__ = ["quick_looks"]  # a fixture


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


async def test_lease_whose_server_has_just_gone_out_is_not_used_again() -> None:
    async with asleep(key={"when_asleep": WhenAsleep.ANSWER}) as (house, _):
        for leases, spent, wakes in [([5], [], 1), ([5], [], 1), ([5], [5], 2)]:
            house.panel.become(State.WAKING, leases=frozenset(leases), spent_leases=frozenset(spent))
            house.hands.ahead_s += 1.0
            assert (await house.post(json=CHATS)).status == 503
            assert len(house.panel.wakes) == wakes


async def test_panel_is_told_whether_a_page_asks_for_a_person() -> None:
    for internal in (False, True):
        async with asleep(key={"internal": internal, "when_asleep": WhenAsleep.ANSWER}) as (house, _):
            await house.post(json=CHATS)
            assert house.panel.by_person == [internal]


async def test_request_that_says_so_lights_nothing_and_waits_for_what_is_on_its_way() -> None:
    async with asleep() as (house, _):
        quiet = {"json": CHATS, "headers": {"x-api-key": SECRET, "x-pilotlight-wake": "no"}}
        async with house.post(**quiet) as answer:
            assert (answer.status, (await answer.json())["error"]["code"]) == (403, "asleep")
        assert house.panel.wakes == []
        house.panel.become(State.WAKING)
        house.hands.ahead_s = 1.0
        asking = asyncio.ensure_future(house.post(**quiet))
        await waiting(house)
        ready(house)
        assert (await asking).status == 200


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


def test_embeddings_are_never_a_stream() -> None:
    from gateway.door.paths import FORWARDED

    assert [path for path, endpoint in FORWARDED.items() if not endpoint.streams] == [
        "/v1/embeddings",
        "/v1/messages/count_tokens",
    ]

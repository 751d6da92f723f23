"""Only a server that is ready is asked; anything else would wake it."""

from typing import Any

import anthropic
import openai
import pytest

from deployments.public import Route, SpentOut, State

from .house import QUESTION, SECRET, open_house, route, until
from .raw_engine import raw_engine, whole

ASKED: Any = QUESTION
PAGE = "/deployments/glm-5-2-fp8/"


@pytest.mark.parametrize(
    ("state", "status", "code", "retry_after"),
    [
        (State.ASLEEP, 403, "asleep", None),
        (State.OFF, 403, "asleep", None),
        (State.WAKING, 503, "waking", "15"),
        (State.DEPLOYING, 503, "waking", "15"),
        (State.STOPPING, 503, "stopping", None),
        (State.FAILED, 503, "failed", None),
        (State.UNKNOWN, 503, "unknown", "15"),
    ],
)
async def test_server_that_is_not_ready_is_not_asked(
    state: State, status: int, code: str, retry_after: str | None
) -> None:
    sentence = f"This is {state}."
    async with raw_engine(whole(200, b"{}")) as engine:
        async with open_house(route(engine.url, state=state, sentence=sentence)) as house:
            async with house.post() as answer:
                assert answer.status == status
                error = (await answer.json())["error"]
                assert (error["code"], error["state"], error["source"]) == (code, state, "panel")
                assert error["message"].startswith(sentence)
                assert (PAGE in error["message"]) == (code != "waking")
                assert answer.headers.get("retry-after") == retry_after
                assert answer.headers.get("x-should-retry") == (None if retry_after else "false")
                assert answer.headers["x-pilotlight-deployment"] == "glm-5-2-fp8"
            row = await house.row()
            assert (row.outcome, row.error_code, row.status) == ("refused", code, status)
            assert house.panel.uses == []
        assert engine.connections == 0


@pytest.mark.parametrize(
    ("eta_s", "retry_after", "told"),
    [(200.4, "60", 200), (12.0, "12", 12), (0.2, "1", 0), (None, "15", None)],
)
async def test_waking_tells_the_true_time_and_a_bearable_one(
    eta_s: float | None, retry_after: str, told: int | None
) -> None:
    waking = route(state=State.WAKING, eta_s=eta_s, phase="weights")
    async with open_house(waking) as house, house.post() as answer:
        error = (await answer.json())["error"]
        assert (error["eta_s"], error["phase"]) == (told, "weights")
        assert answer.headers["retry-after"] == retry_after


async def test_refusal_of_messages_has_the_shape_of_anthropic() -> None:
    async with open_house(route(state=State.WAKING)) as house, house.post("/v1/messages") as answer:
        said = await answer.json()
        assert (said["type"], said["error"]["type"]) == ("error", "overloaded_error")
        assert said["request_id"] == answer.headers["x-pilotlight-request-id"]


@pytest.mark.parametrize("state", [State.STOPPING, State.FAILED, State.ASLEEP])
async def test_usual_clients_do_not_repeat_what_would_light_it_against_somebodys_will(state: State) -> None:
    async with open_house(route(state=state)) as house:
        patient = openai.AsyncOpenAI(base_url=house.url + "/v1", api_key=SECRET, max_retries=3)
        other = anthropic.AsyncAnthropic(base_url=house.url, api_key=SECRET, max_retries=3)
        async with patient, other:
            with pytest.raises(openai.APIStatusError):
                await patient.chat.completions.create(**ASKED)
            with pytest.raises(anthropic.APIStatusError):
                await other.messages.create(**ASKED)
        await until(lambda: not house.books.open)
        await house.tick()
        assert [row.path for row in house.rows] == ["/v1/chat/completions", "/v1/messages"]


async def test_server_without_an_address_is_not_asked() -> None:
    async with open_house(route("")) as house, house.post() as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (503, "unknown")


async def test_change_of_state_is_felt_within_a_second() -> None:
    async with raw_engine(whole(200, b"{}")) as engine, open_house(route(engine.url)) as house:
        async with house.post() as answer:
            assert answer.status == 200
        house.panel.known_routes = [route(engine.url, state=State.ASLEEP)]
        house.hands.ahead_s = 1.0
        async with house.post() as answer:
            assert answer.status == 403
        assert len(engine.heard) == 1


async def test_old_state_is_not_trusted_while_the_database_is_away() -> None:
    async with raw_engine(whole(200, b"{}")) as engine, open_house(route(engine.url)) as house:
        async with house.post() as answer:
            assert answer.status == 200
        house.panel.broken = True
        house.hands.ahead_s = 1.0
        async with house.post() as answer:
            assert answer.status == 503
            assert (await answer.json())["error"]["code"] == "unavailable"
        assert len(engine.heard) == 1


async def test_routes_are_read_once_a_second_and_not_per_request() -> None:
    async with raw_engine(whole(200, b"{}")) as engine, open_house(route(engine.url)) as house:
        for _ in range(10):
            async with house.post():
                pass
        assert house.panel.asked <= 2


@pytest.mark.parametrize("whose", [{"users": frozenset({3})}, {"keys": frozenset({7})}])
async def test_who_has_spent_their_own_budget_is_refused_at_a_lit_server(whose: dict[str, Any]) -> None:
    others = SpentOut(frozenset({4}), frozenset({8}))
    async with raw_engine(whole(200, b"{}")) as engine:
        spent = route(engine.url, spent_out=SpentOut(**whose))
        async with open_house(spent) as house, house.post() as answer:
            error = (await answer.json())["error"]
            assert (answer.status, error["code"]) == (402, "budget_exhausted")
            assert answer.headers["x-should-retry"] == "false"
        assert engine.connections == 0
        async with open_house(route(engine.url, spent_out=others)) as house, house.post() as answer:
            assert answer.status == 200


async def test_list_of_models_touches_no_server() -> None:
    async with raw_engine(whole(200, b"{}")) as engine:
        asleep = route(engine.url, slug="b", model="m", deployment_id=2, state=State.ASLEEP)
        async with open_house(route(engine.url), asleep) as house:
            async with house.http.get(house.url + "/v1/models", headers={"x-api-key": SECRET}) as answer:
                assert answer.status == 200
                listed = await answer.json()
            await house.tick()
            assert house.rows == []
            assert house.panel.uses == []
        assert engine.connections == 0
    assert listed["object"] == "list"
    assert [(m["id"], m["object"], m["owned_by"], m["state"]) for m in listed["data"]] == [
        ("glm-5.2-fp8", "model", "pilotlight", "ready"),
        ("m", "model", "pilotlight", "asleep"),
    ]


def twin(url: str, **changes: Any) -> Route:
    return route(url, slug="twin", deployment_id=2, **changes)


async def test_of_two_servers_of_one_model_the_ready_one_answers() -> None:
    async with (
        raw_engine(whole(200, b"{}")) as engine,
        open_house(route(state=State.ASLEEP), twin(engine.url)) as house,
    ):
        async with house.post() as answer:
            assert answer.headers["x-pilotlight-deployment"] == "twin"
        async with house.post(json=QUESTION | {"model": "glm-5-2-fp8"}) as answer:
            assert answer.status == 403  # the slug chooses exactly
        async with house.http.get(house.url + "/v1/models", headers={"x-api-key": SECRET}) as answer:
            assert [m["id"] for m in (await answer.json())["data"]] == ["glm-5-2-fp8", "twin"]

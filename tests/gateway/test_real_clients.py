"""The door as programs meet it: the openai package and Anthropic's API, against the engine stand-in."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import openai
import pytest
from django.db import connections

from controlpanel.models import User
from controlpanel.roles import give_role
from deployments.planning.power import SYSTEM
from deployments.public import Role, State, ensure_defaults
from gateway import asgi
from gateway.door.app import Door
from gateway.door.assembly import open_door
from gateway.keys import create_key, revoke_key
from gateway.models import ApiKey, UsageRecord

from .engine import MODEL, standin
from .house import Panel, route, served, until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ASK: Any = {"model": MODEL, "messages": [{"role": "user", "content": "What is two and two?"}]}
TOOLS: Any = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather of a city.",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
            },
        },
    }
]


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    with standin() as url:
        yield url


@dataclass
class Visit:
    """A client, its key, and the panel behind the door."""

    url: str
    secret: str
    key: ApiKey
    client: openai.AsyncOpenAI
    door: Door

    async def usage(self) -> list[UsageRecord]:
        """The rows in the database, once every request has ended."""
        books = self.door._books
        await until(lambda: not books.open)
        await books.tick()
        return await in_thread(lambda: list(UsageRecord.objects.order_by("id")))


async def in_thread(work: Any) -> Any:
    """Work on the database, on a connection that is closed afterwards."""

    def closing() -> Any:
        try:
            return work()
        finally:
            connections.close_all()

    return await asyncio.to_thread(closing)


@pytest.fixture
def key(db: None) -> tuple[ApiKey, str]:
    user = User.objects.create_user("anna")
    give_role(user, Role.MEMBER)
    return create_key(actor=SYSTEM, owner=user, name="test", scopes=["read", "chat"])


@contextlib.asynccontextmanager
async def visit(engine: str, key: tuple[ApiKey, str], **changes: Any) -> AsyncIterator[Visit]:
    door = open_door(Panel([route(engine, **changes)]))
    async with served(door.serve) as url:
        client = openai.AsyncOpenAI(base_url=url + "/v1", api_key=key[1], max_retries=0)
        try:
            yield Visit(url, key[1], key[0], client, door)
        finally:
            await client.close()
            await door.close()


async def test_answer_and_its_usage(engine: str, key: tuple[ApiKey, str]) -> None:
    async with visit(engine, key) as here:
        answer = await here.client.chat.completions.create(**ASK)
        assert answer.choices[0].message.content
        (row,) = await here.usage()
    usage = answer.usage
    assert usage is not None
    assert (row.prompt_tokens, row.completion_tokens) == (usage.prompt_tokens, usage.completion_tokens)
    assert (row.key_id, row.user_id, row.outcome) == (here.key.pk, here.key.owner_id, "ok")


async def test_stream_with_reasoning_and_usage(engine: str, key: tuple[ApiKey, str]) -> None:
    async with visit(engine, key) as here:
        stream = await here.client.chat.completions.create(
            **ASK, stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
        (row,) = await here.usage()
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(getattr(delta, "reasoning", None) or "" for delta in deltas)
    assert "".join(delta.content or "" for delta in deltas)
    usage = chunks[-1].usage
    assert usage is not None
    assert usage.completion_tokens_details is not None
    assert (row.stream, row.prompt_tokens, row.completion_tokens, row.reasoning_tokens) == (
        True,
        usage.prompt_tokens,
        usage.completion_tokens,
        usage.completion_tokens_details.reasoning_tokens,
    )


async def test_stream_without_usage_stays_as_it_is(engine: str, key: tuple[ApiKey, str]) -> None:
    async with visit(engine, key) as here:
        stream = await here.client.chat.completions.create(**ASK, stream=True)
        assert all(chunk.choices and chunk.usage is None for chunk in [chunk async for chunk in stream])
        (row,) = await here.usage()
    assert (row.outcome, row.completion_tokens) == ("ok", None)


async def test_tool_calls_come_through(engine: str, key: tuple[ApiKey, str]) -> None:
    async with visit(engine, key) as here:
        answer = await here.client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": "What is the weather in Berlin?"}],
            tools=TOOLS,
            tool_choice="required",
        )
    calls = answer.choices[0].message.tool_calls
    assert calls
    assert answer.choices[0].finish_reason == "tool_calls"
    assert json.loads(calls[0].function.arguments)  # type: ignore[union-attr]


async def test_engine_error_is_the_engines(engine: str, key: tuple[ApiKey, str]) -> None:
    async with visit(engine, key) as here:
        with pytest.raises(openai.BadRequestError) as error:
            await here.client.chat.completions.create(**ASK, max_tokens=10_000_000)
        assert error.value.response.headers["x-pilotlight-source"] == "engine"
        (row,) = await here.usage()
    assert row.error_code == "http_400"


@pytest.mark.parametrize(
    ("changes", "model", "raises", "code"),
    [
        ({}, "nothing", openai.NotFoundError, "model_not_found"),
        ({"state": State.ASLEEP}, MODEL, openai.PermissionDeniedError, "asleep"),
        ({"state": State.WAKING, "eta_s": 90}, MODEL, openai.InternalServerError, "waking"),
    ],
)
async def test_refusals_are_the_clients_own_errors(
    engine: str,
    key: tuple[ApiKey, str],
    changes: Any,
    model: str,
    raises: type[openai.APIStatusError],
    code: str,
) -> None:
    async with visit(engine, key, **changes) as here:
        with pytest.raises(raises) as error:
            await here.client.chat.completions.create(**ASK | {"model": model})
    assert error.value.code == code


async def test_wrong_key_is_an_authentication_error(engine: str, key: tuple[ApiKey, str]) -> None:
    async with visit(engine, key) as here:
        with pytest.raises(openai.AuthenticationError):
            await here.client.with_options(api_key="pl_" + "x" * 43).models.list()


async def test_models_are_listed(engine: str, key: tuple[ApiKey, str]) -> None:
    async with visit(engine, key, state=State.ASLEEP) as here:
        (model,) = (await here.client.models.list()).data
    assert (model.id, model.owned_by) == (MODEL, "pilotlight")
    assert model.model_extra is not None
    assert model.model_extra["state"] == "asleep"


async def test_responses_stream_and_are_counted(engine: str, key: tuple[ApiKey, str]) -> None:
    async with visit(engine, key) as here:
        stream = await here.client.responses.create(model=MODEL, input="What is two and two?", stream=True)
        events = [event async for event in stream]
        (row,) = await here.usage()
    done = events[-1]
    assert done.type == "response.completed"
    assert done.response.usage is not None
    assert (row.prompt_tokens, row.completion_tokens) == (
        done.response.usage.input_tokens,
        done.response.usage.output_tokens,
    )


async def test_messages_of_anthropic_stream_and_are_counted(engine: str, key: tuple[ApiKey, str]) -> None:
    body = {"model": MODEL, "max_tokens": 50, "messages": ASK["messages"], "stream": True}
    async with visit(engine, key) as here, aiohttp.ClientSession(here.url) as http:
        headers = {"x-api-key": here.secret, "anthropic-version": "2023-06-01"}
        async with http.post("/v1/messages?beta=true", json=body, headers=headers) as answer:
            assert answer.status == 200
            text = (await answer.read()).decode()
        (row,) = await here.usage()
    events = [line.removeprefix("event: ") for line in text.splitlines() if line.startswith("event: ")]
    assert (events[0], events[-1]) == ("message_start", "message_stop")
    assert row.prompt_tokens
    assert row.completion_tokens


async def test_client_that_leaves_ends_the_generation_in_the_engine(
    engine: str, key: tuple[ApiKey, str]
) -> None:
    async def running() -> float:
        async with http.get(engine + "/metrics") as metrics:
            lines = (await metrics.text()).splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith("vllm:num_requests_running"))

    async with visit(engine, key) as here, aiohttp.ClientSession() as http:
        endless = {"max_tokens": 100_000, "extra_body": {"ignore_eos": True}}
        stream = await here.client.chat.completions.create(**ASK, **endless, stream=True)
        await anext(aiter(stream))
        assert await running() == 1
        await stream.close()

        async def ended() -> bool:
            return await running() == 0

        await until(ended, within_s=3)
        (row,) = await here.usage()
    assert row.outcome == "client_left"


async def test_key_from_the_database_is_noted_and_can_be_revoked(
    engine: str, key: tuple[ApiKey, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.door.key_cache.KEY_MAX_AGE_S", 0.0)
    async with visit(engine, key) as here:
        await here.client.models.list()

        await here.usage()
        noted = await in_thread(lambda: ApiKey.objects.get(pk=here.key.pk))
        assert noted.last_used_at is not None
        await in_thread(lambda: revoke_key(here.key.pk, actor=SYSTEM))
        with pytest.raises(openai.AuthenticationError):
            await here.client.models.list()


@pytest.fixture
def built_in(db: None) -> None:
    ensure_defaults(token_id="ak", token_secret="as", is_sandbox=True, server_url="http://127.0.0.1:1")


async def test_app_itself_knows_the_deployments_of_the_panel(built_in: None, key: tuple[ApiKey, str]) -> None:
    async with served(asgi.application) as url, aiohttp.ClientSession(headers={"x-api-key": key[1]}) as http:
        await asgi.startup()
        try:
            async with http.get(url + "/v1/models") as listed:
                (model,) = (await listed.json())["data"]
            async with http.post(url + "/v1/chat/completions", json=ASK) as refused:
                error = (await refused.json())["error"]
        finally:
            await asgi.shutdown()
    assert (model["id"], model["deployment"], model["state"]) == (MODEL, "glm-5-2-fp8", "off")
    assert (refused.status, error["code"], error["deployment"]) == (403, "asleep", "glm-5-2-fp8")
    await until(lambda: not asgi._doors)

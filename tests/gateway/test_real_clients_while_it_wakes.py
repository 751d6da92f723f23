"""The client libraries that people use, before a server that has to be woken first."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import anthropic
import openai
import pytest

from deployments.public import LeaseEnded, Scope, State
from gateway.door import heartbeat, holding, routing
from gateway.models import WhenAsleep

from .engine import MODEL, standin
from .house import SECRET, House, known, open_house, route, until
from .test_real_clients import ASK, TOOLS

pytestmark = pytest.mark.slow
MESSAGE: Any = ASK | {"max_tokens": 64}
WEATHER: Any = {"name": "get_weather", "description": "The weather.", "input_schema": {
    "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]
}}  # fmt: skip


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    with standin() as url:
        yield url


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "POLL_S", 0.02)
    monkeypatch.setattr(routing, "ROUTES_MAX_AGE_S", 0.02)
    monkeypatch.setattr(heartbeat, "EVERY_S", 0.05)


@dataclass
class Cold:
    """A door before a server that sleeps, and the clients of somebody who may wake it."""

    house: House
    openai: openai.AsyncOpenAI
    anthropic: anthropic.AsyncAnthropic

    async def wakes(self, asking: Any, state: State = State.READY, **changes: Any) -> Any:
        """What `asking` gives, the server being woken while it waits through some heartbeats."""
        waiting = asyncio.ensure_future(asking)
        since = lambda: [e.waiting_since for e in self.house.books.open if e.waiting_since]  # noqa: E731
        now = self.house.hands.clock().monotonic
        await until(lambda: any(now() - begun > 0.4 for begun in since()))
        self.house.panel.become(state, **changes)
        return await waiting


@contextlib.asynccontextmanager
async def cold(engine: str) -> AsyncIterator[Cold]:
    async with open_house(route(engine, state=State.ASLEEP)) as house:
        scopes = frozenset({Scope.CHAT, Scope.WAKE})
        house.admit(known(scopes=scopes, when_asleep=WhenAsleep.HOLD))
        async with (
            openai.AsyncOpenAI(base_url=house.url + "/v1", api_key=SECRET, max_retries=0) as one,
            anthropic.AsyncAnthropic(base_url=house.url, api_key=SECRET, max_retries=0) as other,
        ):
            yield Cold(house, one, other)


async def test_openai_chat(engine: str) -> None:
    async with cold(engine) as here:
        answer = await here.wakes(here.openai.chat.completions.create(**ASK))
        assert answer.choices[0].message.content


async def test_openai_chat_in_a_stream_with_tools(engine: str) -> None:
    async def ask() -> str:
        stream = await here.openai.chat.completions.create(
            **ASK, tools=TOOLS, tool_choice="required", stream=True
        )
        deltas = [choice.delta async for chunk in stream for choice in chunk.choices]
        calls = [call.function for delta in deltas for call in delta.tool_calls or []]
        return "".join(function.name or "" for function in calls if function)

    async with cold(engine) as here:
        assert await here.wakes(ask()) == "get_weather"
        row = await here.house.row()
        assert row.waited_s > 0.3


@pytest.mark.parametrize("stream", [False, True])
async def test_openai_responses(engine: str, stream: bool) -> None:
    async def ask() -> str:
        answer: Any = await here.openai.responses.create(model=MODEL, input="Two and two?", stream=stream)
        if stream:
            return [event async for event in answer][-1].response.output_text
        return str(answer.output_text)

    async with cold(engine) as here:
        assert await here.wakes(ask())


async def test_anthropic_message(engine: str) -> None:
    async with cold(engine) as here:
        answer = await here.wakes(here.anthropic.messages.create(**MESSAGE))
        assert answer.content


@pytest.mark.parametrize("raw", [False, True])
async def test_anthropic_message_in_a_stream_with_tools(engine: str, raw: bool) -> None:
    tools: Any = {"tools": [WEATHER], "tool_choice": {"type": "tool", "name": "get_weather"}}

    async def ask() -> list[str]:
        if raw:
            events = await here.anthropic.messages.create(**MESSAGE, **tools, stream=True)
            return [event.type async for event in events]
        async with here.anthropic.messages.stream(**MESSAGE, **tools) as stream:
            message = await stream.get_final_message()
        return [block.type for block in message.content]

    async with cold(engine) as here:
        found = await here.wakes(ask())
        assert ("message_stop" if raw else "tool_use") in found


async def test_heartbeats_keep_a_patient_client_from_giving_up(engine: str) -> None:
    async def ask() -> int:
        impatient = here.openai.with_options(timeout=0.2)  # the wait is 0.3 s and more
        stream = await impatient.chat.completions.create(**ASK, stream=True)
        return len([chunk async for chunk in stream])

    async with cold(engine) as here:
        assert await here.wakes(ask()) > 2


@pytest.mark.parametrize("stream", [False, True])
async def test_failed_start_is_an_error_of_the_client(engine: str, stream: bool) -> None:
    async def by_openai() -> None:
        answer: Any = await here.openai.chat.completions.create(**ASK, stream=stream)
        assert [chunk async for chunk in answer] == []

    async def by_anthropic() -> None:
        answer: Any = await here.anthropic.messages.create(**MESSAGE, stream=stream)
        assert [event async for event in answer] == []

    async with cold(engine) as here:
        here.house.panel.ended = LeaseEnded("failed", "The engine died.")
        out = {"state": State.FAILED, "leases": frozenset()}
        with pytest.raises(openai.APIError, match="The engine died") as told:
            await here.wakes(by_openai(), **out)
        assert told.value.code == "failed"
    async with cold(engine) as here:
        here.house.panel.ended = LeaseEnded("failed", "The engine died.")
        with pytest.raises(anthropic.APIStatusError, match="The engine died"):
            await here.wakes(by_anthropic(), **out)


async def test_error_of_the_engine_reaches_a_stream_that_waited(engine: str) -> None:
    async def ask() -> None:
        stream = await here.openai.chat.completions.create(**ASK, stream=True, temperature=-1)
        assert [chunk async for chunk in stream] == []

    async def message() -> None:
        stream = await here.anthropic.messages.create(
            **MESSAGE | {"extra_body": {"temperature": -1}}, stream=True
        )
        assert [event async for event in stream] == []

    async with cold(engine) as here:
        with pytest.raises(openai.APIError, match="temperature"):
            await here.wakes(ask())
    async with cold(engine) as here:
        with pytest.raises(anthropic.APIError, match="temperature"):
            await here.wakes(message())

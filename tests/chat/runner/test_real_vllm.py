"""The playground's whole way to a real vLLM: generator, openai package, door, engine (`make test-vllm`)."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chat.models import Conversation
from chat.runner import question
from chat.services import conversations, replies
from chat.threads import in_thread
from controlpanel.models import User
from deployments.public import ensure_defaults
from tests.contracts.engine.conftest import WEATHER
from tests.contracts.engine.running import KEY, NAME, RunningEngine, real

from .stage import fresh, read, shown, stage, statuses

pytestmark = [pytest.mark.vllm, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]
# A first answer at a new length takes seconds on a CPU.
_WITHIN_S = 90.0


@pytest.fixture(scope="module")
def vllm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real vLLM on the CPU that is ready, with a tiny model trained to think, answer and call a tool."""
    home: Path = tmp_path_factory.mktemp("home")
    running = RunningEngine(real(home))
    try:
        running.wait_ready()
        yield f"http://127.0.0.1:{running.port}"
    finally:
        running.stop()


@pytest.fixture(autouse=True)
def _built_in(db: None) -> None:
    ensure_defaults(token_id="ak", token_secret="as", is_sandbox=True, server_url="http://127.0.0.1:1")


@pytest.fixture
def plain(talk: Conversation, anna: User) -> Conversation:
    """Greedy, so that the tiny model says what it was taught."""
    parameters: dict[str, Any] = {"system_prompt": "", "top_p": None, "max_tokens": 200, "reasoning": True}
    conversations.set_parameters(anna, talk.public_id, temperature=Decimal(0), **parameters)
    return talk


async def test_reasoning_then_answer_and_counts_come_through(
    vllm: str, plain: Conversation, anna: User
) -> None:
    async with stage(vllm, engine_key=KEY, model=NAME) as here:
        reply = await in_thread(replies.ask, anna, plain.public_id, "Hello")
        events = await read(reply, within_s=_WITHIN_S)
        row = await fresh(reply)
        await here.close_desks()
    reasoning, _, blocks = shown(events)
    assert statuses(events)[-1] == "done"
    assert row.reasoning == reasoning != ""
    assert row.text.startswith("Hello!")
    assert "think>" not in row.text + row.reasoning
    assert "".join(html for _, html in sorted(blocks.items())) == row.html
    assert row.prompt_tokens
    assert row.completion_tokens
    assert row.finish_reason == "stop"


async def test_thinking_that_is_turned_off_stays_off(vllm: str, plain: Conversation, anna: User) -> None:
    parameters: dict[str, Any] = {"system_prompt": "", "top_p": None, "max_tokens": 200, "reasoning": False}
    await in_thread(conversations.set_parameters, anna, plain.public_id, temperature=Decimal(0), **parameters)
    async with stage(vllm, engine_key=KEY, model=NAME):
        reply = await in_thread(replies.ask, anna, plain.public_id, "Hello")
        await read(reply, within_s=_WITHIN_S)
        row = await fresh(reply)
    assert (row.status, row.reasoning) == ("done", "")
    assert row.text.startswith("Hello!")


async def test_tool_call_comes_through(
    vllm: str, plain: Conversation, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The playground itself offers no tools: here its body is given one."""
    body = question.body
    monkeypatch.setattr(question, "body", lambda *asked: body(*asked) | {"tools": [WEATHER]})
    async with stage(vllm, engine_key=KEY, model=NAME):
        reply = await in_thread(replies.ask, anna, plain.public_id, "What is the weather in Paris?")
        await read(reply, within_s=_WITHIN_S)
        row = await fresh(reply)
    assert (row.status, row.finish_reason) == ("done", "tool_calls")
    assert row.reasoning
    (call,) = row.tool_calls
    assert call["name"] == "get_weather"
    assert json.loads(call["arguments"]) == {"city": "Paris"}

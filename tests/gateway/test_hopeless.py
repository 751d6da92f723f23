"""What every engine would refuse costs no wake; what one might take is left to it."""

import json
from typing import Any

import pytest

from deployments.public import State
from gateway.door.hopeless import check_hope
from gateway.door.paths import FORWARDED
from gateway.door.problems import Problem
from gateway.door.question import Question

from .asleep import CHATS, asleep, quick_looks
from .house import QUESTION, route

__all__ = ["quick_looks"]  # a fixture
CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
SAYS_4_MB = [{"role": "user", "content": "x" * 4_000_000}]


def check(path: str, fields: dict[str, Any]) -> None:
    """Judge a question to a server that has room for 8192 tokens."""
    body = json.dumps(QUESTION | fields).encode()
    asked = route(state=State.ASLEEP, max_model_len=8192)
    check_hope(FORWARDED[path], Question(body, "glm-5.2-fp8", stream=False), asked)


@pytest.mark.parametrize(
    ("path", "fields", "param"),
    [
        (CHAT, {"messages": None}, "messages"),
        (CHAT, {"messages": "Hello"}, "messages"),
        (CHAT, {"messages": []}, "messages"),
        (MESSAGES, {"messages": []}, "messages"),
        (CHAT, {"max_tokens": 0}, "max_tokens"),
        (CHAT, {"max_tokens": 8193}, "max_tokens"),
        (CHAT, {"max_tokens": 5, "max_completion_tokens": 9000}, "max_completion_tokens"),
        (MESSAGES, {"max_tokens": None}, "max_tokens"),
        (MESSAGES, {"max_tokens": 32000}, "max_tokens"),
        (CHAT, {"messages": SAYS_4_MB}, "messages"),  # 4,000,000 / 256 is 15625 tokens at the very least
        (CHAT, {"messages": [{"role": "user", "content": [{"type": "text", "text": "x" * 3_000_000}]}]},
         "messages"),
        ("/v1/completions", {}, "prompt"),
        ("/v1/completions", {"prompt": ""}, "prompt"),
        ("/v1/responses", {}, "input"),
        ("/v1/responses", {"input": {"role": "user"}}, "input"),
    ],
)  # fmt: skip
def test_hopeless_question_is_told(path: str, fields: dict[str, Any], param: str) -> None:
    with pytest.raises(Problem) as told:
        check(path, fields)
    assert (told.value.status, told.value.code, told.value.param) == (400, "invalid_body", param)
    assert told.value.message.endswith("Nothing was lit for it.")


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (CHAT, {"max_tokens": 8192}),
        (CHAT, {"max_tokens": None}),
        (CHAT, {"max_tokens": "9000"}),  # it may become a number, or not
        (MESSAGES, {"messages": [], "system": "Say hello."}),
        (CHAT, {"messages": [{"role": "user", "content": "x" * 2_000_000}]}),  # 7813 tokens, perhaps
        (CHAT, {"messages": SAYS_4_MB, "truncate_prompt_tokens": 100}),
        (CHAT, {"messages": [{"role": "assistant", "content": "x" * 4_000_000}, "?", {"role": "user"}]}),
        ("/v1/completions", {"prompt": [[1, 2]], "max_tokens": 0, "echo": True}),
        ("/v1/completions", {"prompt_embeds": "AAAA"}),
        ("/v1/responses", {"input": "", "messages": None}),
        ("/v1/embeddings", {"messages": [], "max_tokens": 0}),
    ],
)
def test_what_an_engine_might_take_is_left_to_it(path: str, fields: dict[str, Any]) -> None:
    check(path, fields)


async def test_hopeless_question_wakes_nothing_and_a_lit_engine_judges_by_itself() -> None:
    async with asleep() as (house, engine):
        async with house.post(json=CHATS | {"messages": []}) as answer:
            assert (answer.status, (await answer.json())["error"]["param"]) == (400, "messages")
        async with house.post(MESSAGES, json=CHATS | {"max_tokens": 0}) as answer:
            assert (await answer.json())["error"]["type"] == "invalid_request_error"
        assert (house.panel.wakes, engine.connections) == ([], 0)
    async with asleep(state=State.READY) as (house, engine):
        assert (await house.post(json=CHATS | {"messages": []})).status == 200
        assert len(engine.heard) == 1

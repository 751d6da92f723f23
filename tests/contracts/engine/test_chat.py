"""Chat completions at once: fields, reasoning, tools, limits, usage."""

import json

import pytest

from tests.contracts.engine.client import Client
from tests.contracts.engine.conftest import WEATHER

ANSWER = ["id", "object", "created", "model", "choices", "service_tier", "system_fingerprint", "usage"]
ANSWER += ["prompt_logprobs", "prompt_token_ids", "prompt_text"]
ANSWER += ["kv_transfer_params", "ec_transfer_params", "metrics"]
CHOICE = ["index", "message", "logprobs", "finish_reason", "stop_reason", "token_ids", "routed_experts"]
MESSAGE = ["role", "content", "refusal", "annotations", "audio", "function_call", "reasoning"]


def test_answer_has_the_recorded_fields(client: Client) -> None:
    answer = client.chat("Hello").json
    assert list(answer) == ANSWER
    assert list(answer["choices"][0]) == CHOICE
    assert list(answer["choices"][0]["message"]) == MESSAGE
    assert answer["id"].startswith("chatcmpl-")
    assert answer["object"] == "chat.completion"
    assert answer["model"] == client.model
    assert answer["system_fingerprint"].startswith("vllm-0.3")


def test_answer_keeps_reasoning_apart_from_content(client: Client) -> None:
    choice = client.chat("Hello").json["choices"][0]
    assert choice["message"]["reasoning"]
    assert choice["message"]["content"].startswith("Hello!")
    assert "think>" not in choice["message"]["content"]
    assert choice["finish_reason"] == "stop"
    assert isinstance(choice["stop_reason"], int)


def test_usage_adds_up_and_counts_reasoning(client: Client) -> None:
    usage = client.chat("What is 2+2?").json["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert set(usage["prompt_tokens_details"]) == {
        "cached_tokens",
        "created_cache_tokens",
        "multimodal_tokens",
    }
    assert 0 < usage["completion_tokens_details"]["reasoning_tokens"] < usage["completion_tokens"]


@pytest.mark.parametrize(
    "wish", [{"chat_template_kwargs": {"enable_thinking": False}}, {"reasoning_effort": "none"}], ids=str
)
def test_thinking_can_be_turned_off(client: Client, wish: dict[str, object]) -> None:
    answer = client.chat("Hello", **wish).json
    assert answer["choices"][0]["message"]["reasoning"] is None
    assert answer["choices"][0]["message"]["content"].startswith("Hello!")
    assert answer["usage"]["completion_tokens_details"] == {"reasoning_tokens": 0}


def test_max_tokens_ends_with_length(client: Client) -> None:
    answer = client.chat("Hello", max_tokens=3).json
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["choices"][0]["stop_reason"] is None
    assert answer["choices"][0]["message"]["content"] is None
    assert answer["usage"]["completion_tokens"] == 3


def test_max_completion_tokens_counts_like_max_tokens(client: Client) -> None:
    assert client.chat("Hello", max_completion_tokens=2).json["usage"]["completion_tokens"] == 2


def test_answer_is_cut_to_the_room_left_in_the_context(client: Client) -> None:
    answer = client.chat("a b " * 200, max_tokens=1000, ignore_eos=True).json
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["usage"]["total_tokens"] == 1024


def test_stop_text_ends_the_answer_and_is_left_out(client: Client) -> None:
    choice = client.chat("Hello", stop=["!"]).json["choices"][0]
    assert choice["message"]["content"] == "Hello"
    assert (choice["finish_reason"], choice["stop_reason"]) == ("stop", "!")


def test_ignore_eos_goes_on_to_the_limit(client: Client) -> None:
    answer = client.chat("Hello", ignore_eos=True, max_tokens=300).json
    assert answer["usage"]["completion_tokens"] == 300
    assert answer["choices"][0]["finish_reason"] == "length"


def test_two_choices_with_sampling(client: Client) -> None:
    answer = client.chat("Hello", n=2, temperature=1, max_tokens=4).json
    assert [choice["index"] for choice in answer["choices"]] == [0, 1]
    assert answer["usage"]["completion_tokens"] == 8


def test_logprobs_come_per_token(client: Client) -> None:
    choice = client.chat("Hello", logprobs=True, top_logprobs=2, max_tokens=3).json["choices"][0]
    entries = choice["logprobs"]["content"]
    assert len(entries) == 3
    assert list(entries[0]) == ["token", "logprob", "bytes", "top_logprobs"]
    assert bytes(entries[0]["bytes"]).decode() == entries[0]["token"]
    assert len(entries[0]["top_logprobs"]) == 2


def test_tool_is_called(client: Client) -> None:
    choice = client.chat("What is the weather in Paris?", tools=[WEATHER]).json["choices"][0]
    (call,) = choice["message"]["tool_calls"]
    assert list(call) == ["id", "type", "function"]
    assert call["id"].startswith("chatcmpl-tool-")
    assert call["function"]["name"] == "get_weather"
    assert json.loads(call["function"]["arguments"]) == {"city": "Paris"}
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    assert choice["message"]["reasoning"]


def test_required_tool_ends_with_tool_calls(client: Client) -> None:
    body = {"tools": [WEATHER], "tool_choice": "required"}
    choice = client.chat("What is the weather in Paris?", **body).json["choices"][0]
    assert choice["message"]["tool_calls"][0]["function"]["name"] == "get_weather"
    assert choice["finish_reason"] == "tool_calls"


def test_named_tool_ends_with_stop(client: Client) -> None:
    named = {"type": "function", "function": {"name": "get_weather"}}
    answer = client.chat("What is the weather in Paris?", tools=[WEATHER], tool_choice=named).json
    choice = answer["choices"][0]
    assert choice["message"]["tool_calls"][0]["function"]["name"] == "get_weather"
    assert choice["message"]["content"] == ""
    assert choice["finish_reason"] == "stop"


def test_tool_choice_none_calls_nothing(client: Client) -> None:
    body = {"tools": [WEATHER], "tool_choice": "none"}
    choice = client.chat("What is the weather in Paris?", **body).json["choices"][0]
    assert "tool_calls" not in choice["message"]
    assert choice["finish_reason"] == "stop"


def test_tool_result_is_used(client: Client) -> None:
    called = {"name": "get_weather", "arguments": '{"city": "Paris"}'}
    messages = [
        {"role": "user", "content": "What is the weather in Paris?"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "c", "type": "function", "function": called}],
        },
        {"role": "tool", "tool_call_id": "c", "content": "18 degrees"},
    ]
    choice = client.chat(messages, tools=[WEATHER]).json["choices"][0]
    assert "18 degrees" in choice["message"]["content"]
    assert choice["finish_reason"] == "stop"


def test_json_object_is_json(client: Client) -> None:
    body = {"response_format": {"type": "json_object"}, "max_tokens": 200}
    choice = client.chat("Hello", **body).json["choices"][0]
    assert choice["finish_reason"] == "stop"
    assert isinstance(json.loads(choice["message"]["content"]), dict)


def test_text_parts_are_read_like_a_text(client: Client) -> None:
    parts = [{"type": "text", "text": "Hello"}]
    as_parts = client.chat([{"role": "user", "content": parts}], max_tokens=1).json["usage"]
    as_text = client.chat("Hello", max_tokens=1).json["usage"]
    assert as_parts["prompt_tokens"] == as_text["prompt_tokens"]


def test_a_repeated_prompt_comes_from_the_prefix_cache(client: Client) -> None:
    said = "tell of the seven lamps " * 20
    first = client.chat(said, max_tokens=1).json["usage"]["prompt_tokens_details"]
    second = client.chat(said, max_tokens=1).json["usage"]["prompt_tokens_details"]
    assert first["created_cache_tokens"] > 0
    assert second["cached_tokens"] > 0
    assert second["cached_tokens"] == first["created_cache_tokens"] + first["cached_tokens"]


def test_model_may_be_left_out(client: Client) -> None:
    body = client.chat_body("Hello", max_tokens=1)
    del body["model"]
    assert client.post("/v1/chat/completions", body).json["model"] == client.model

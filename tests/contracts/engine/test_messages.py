"""Anthropic's protocol."""

import json
from typing import Any

from tests.contracts.engine.client import Client, Event

PATH = "/v1/messages"
WEATHER = {
    "name": "get_weather",
    "description": "w",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def test_message_has_thinking_and_text(client: Client) -> None:
    message = client.post(PATH, _body(client, "Hello")).json
    assert list(message) == ["id", "type", "role", "content", "model", "stop_reason", "usage"]
    thinking, text = message["content"]
    assert list(thinking) == ["type", "thinking", "signature"]
    assert (thinking["type"], text["type"]) == ("thinking", "text")
    assert text["text"].startswith("Hello!")
    assert message["stop_reason"] == "end_turn"
    assert (message["type"], message["role"], message["model"]) == ("message", "assistant", client.model)


def test_limit_is_told(client: Client) -> None:
    message = client.post(PATH, _body(client, "Hello", max_tokens=3)).json
    assert message["stop_reason"] == "max_tokens"
    assert message["usage"]["output_tokens"] == 3


def test_stop_sequence_is_told(client: Client) -> None:
    message = client.post(PATH, _body(client, "Hello", stop_sequences=["!"])).json
    assert (message["stop_reason"], message["stop_sequence"]) == ("stop_sequence", "!")


def test_cached_tokens_are_counted_apart(client: Client) -> None:
    said = "tell of the nine lamps " * 20
    first = client.post(PATH, _body(client, said, max_tokens=1)).json["usage"]
    second = client.post(PATH, _body(client, said, max_tokens=1)).json["usage"]
    names = ["input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"]
    assert list(first) == names
    assert second["cache_read_input_tokens"] > 0
    assert _prompt_tokens(first) == _prompt_tokens(second)


def test_stream_is_a_chain_of_blocks(client: Client) -> None:
    events = client.stream(PATH, _body(client, "Hello", stream=True))
    assert all(event.name == event.json["type"] for event in events)
    assert _outline(events) == [
        *("message_start", "start thinking", "thinking_delta", "signature_delta", "stop"),
        *("start text", "text_delta", "stop", "message_delta", "message_stop"),
    ]
    start = events[0].json["message"]
    assert list(start["usage"]) == ["input_tokens", "output_tokens"]
    assert (start["content"], start["stop_reason"]) == ([], None)
    assert events[-2].json["delta"] == {"stop_reason": "end_turn", "stop_sequence": None}
    assert events[-2].json["usage"]["output_tokens"] > 0


def test_tool_use(client: Client) -> None:
    message = client.post(PATH, _body(client, "What is the weather in Paris?", tools=[WEATHER])).json
    call = message["content"][-1]
    assert list(call) == ["type", "id", "name", "input"]
    assert (call["type"], call["name"], call["input"]) == ("tool_use", "get_weather", {"city": "Paris"})
    assert message["stop_reason"] == "tool_use"


def test_tool_use_streams_its_input_as_json(client: Client) -> None:
    events = client.stream(PATH, _body(client, "What is the weather in Paris?", tools=[WEATHER], stream=True))
    assert _outline(events)[-5:] == [
        *("start tool_use", "input_json_delta", "stop", "message_delta", "message_stop")
    ]
    parts = [event.json["delta"].get("partial_json", "") for event in events if "delta" in event.json]
    assert json.loads("".join(parts)) == {"city": "Paris"}


def test_tool_result_is_used(client: Client) -> None:
    call = {"type": "tool_use", "id": "t1", "name": "get_weather", "input": {"city": "Paris"}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "18 degrees"}
    messages = [
        {"role": "user", "content": "What is the weather in Paris?"},
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [result]},
    ]
    body = _body(client, "", tools=[WEATHER]) | {"messages": messages}
    assert "18 degrees" in client.post(PATH, body).json["content"][-1]["text"]


def test_count_tokens_agrees_with_the_answer(client: Client) -> None:
    body = _body(client, "Hello", max_tokens=1)
    counted = client.post(f"{PATH}/count_tokens", body).json
    count = counted["input_tokens"]
    assert counted == {"input_tokens": count, "context_management": {"original_input_tokens": count}}
    assert count == _prompt_tokens(client.post(PATH, body).json["usage"])


def _body(client: Client, said: str, **fields: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": said}]
    return {"model": client.model, "messages": messages, "max_tokens": 400, "temperature": 0, **fields}


def _prompt_tokens(usage: dict[str, int]) -> int:
    return sum(usage.values()) - usage["output_tokens"]


def _outline(events: list[Event]) -> list[str]:
    """The kinds of events in order, repeated ones once."""
    kinds = list[str]()
    for event in events:
        data = event.json
        kind = data["type"]
        if kind == "content_block_start":
            kind = f"start {data['content_block']['type']}"
        elif kind == "content_block_delta":
            kind = data["delta"]["type"]
        elif kind == "content_block_stop":
            kind = "stop"
        if kinds[-1:] != [kind]:
            kinds.append(kind)
    return kinds

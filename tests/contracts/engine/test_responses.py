"""The responses protocol."""

import json
from typing import Any

from tests.contracts.engine.client import Client, Event

PATH = "/v1/responses"
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "w",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def test_response_has_reasoning_and_a_message(client: Client) -> None:
    response = client.post(PATH, _body(client, "Hello")).json
    reasoning, message = response["output"]
    assert (response["object"], response["status"]) == ("response", "completed")
    assert list(reasoning) == ["id", "summary", "type", "content", "encrypted_content", "status"]
    assert reasoning["content"][0]["type"] == "reasoning_text"
    assert list(message) == ["id", "content", "role", "status", "type", "phase"]
    assert message["content"][0]["text"].startswith("Hello!")
    assert list(message["content"][0]) == ["annotations", "text", "type", "logprobs"]


def test_usage_counts_reasoning(client: Client) -> None:
    usage = client.post(PATH, _body(client, "Hello")).json["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert usage["output_tokens_details"]["reasoning_tokens"] > 0
    assert "cached_tokens" in usage["input_tokens_details"]


def test_limit_makes_it_incomplete(client: Client) -> None:
    response = client.post(PATH, _body(client, "Hello", max_output_tokens=3)).json
    assert response["status"] == "incomplete"
    assert response["incomplete_details"] == {"reason": "max_output_tokens"}
    assert response["max_output_tokens"] == 3


def test_function_call(client: Client) -> None:
    response = client.post(PATH, _body(client, "What is the weather in Paris?", tools=[WEATHER])).json
    call = response["output"][-1]
    assert call["type"] == "function_call"
    assert (call["name"], json.loads(call["arguments"])) == ("get_weather", {"city": "Paris"})
    assert call["call_id"].startswith("chatcmpl-tool-")
    assert response["tool_choice"] == "auto"


def test_stream_opens_and_closes_items_in_order(client: Client) -> None:
    events = client.stream(PATH, _body(client, "Hello", stream=True))
    assert all(event.name == event.json["type"] for event in events)
    assert [event.json["sequence_number"] for event in events] == list(range(len(events)))
    assert _outline(events) == [
        *("created", "in_progress"),
        *("output_item.added", "content_part.added", "reasoning_text.delta", "reasoning_text.done"),
        *("content_part.done", "output_item.done"),
        *("output_item.added", "content_part.added", "output_text.delta", "output_text.done"),
        *("content_part.done", "output_item.done", "completed"),
    ]
    last = events[-1].json["response"]
    text = "".join(e.json["delta"] for e in events if e.name == "response.output_text.delta")
    assert last["output"][-1]["content"][0]["text"] == text
    assert last["usage"]["output_tokens"] > 0


def test_function_call_streams_its_arguments(client: Client) -> None:
    body = _body(client, "What is the weather in Paris?", tools=[WEATHER], stream=True)
    events = client.stream(PATH, body)
    assert _outline(events)[-5:] == [
        *("output_item.added", "function_call_arguments.delta", "function_call_arguments.done"),
        *("output_item.done", "completed"),
    ]
    done = next(e.json for e in events if e.name == "response.function_call_arguments.done")
    assert (done["name"], json.loads(done["arguments"])) == ("get_weather", {"city": "Paris"})


def test_nothing_is_stored(client: Client) -> None:
    reply = client.get(f"{PATH}/resp_x")
    assert (reply.status, reply.json["error"]["param"]) == (404, "response_id")


def _body(client: Client, said: str, **fields: Any) -> dict[str, Any]:
    return {"model": client.model, "input": said, "temperature": 0, **fields}


def _outline(events: list[Event]) -> list[str]:
    kinds = list[str]()
    for event in events:
        kind = str(event.name).removeprefix("response.")
        if kinds[-1:] != [kind]:
            kinds.append(kind)
    return kinds

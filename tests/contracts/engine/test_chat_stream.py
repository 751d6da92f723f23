"""Chat completions as a stream: order, fields, tools, usage, an end."""

import json
from typing import Any

from tests.contracts.engine.client import Client, chunks
from tests.contracts.engine.conftest import WEATHER

USAGE = {"stream_options": {"include_usage": True}}
CHUNK = ["id", "object", "created", "model", "choices"]


def test_role_comes_first_with_empty_content(client: Client) -> None:
    first = chunks(client.stream_chat("Hello"))[0]
    assert list(first) == [*CHUNK, "prompt_token_ids", "prompt_text"]
    assert first["choices"] == [
        {"index": 0, "delta": {"role": "assistant", "content": ""}, "logprobs": None, "finish_reason": None}
    ]


def test_reasoning_comes_before_content_and_then_the_end(client: Client) -> None:
    kinds = [next(iter(delta), "end") for delta in _deltas(chunks(client.stream_chat("Hello")))[1:]]
    assert kinds == sorted(kinds, key=["reasoning", "content", "end"].index)
    assert set(kinds) == {"reasoning", "content", "end"}
    assert kinds.count("end") == 1


def test_every_chunk_has_the_recorded_fields(client: Client) -> None:
    sent = chunks(client.stream_chat("Hello"))
    for chunk in sent[1:-1]:
        assert list(chunk) == CHUNK
        assert list(chunk["choices"][0]) == ["index", "delta", "logprobs", "finish_reason", "token_ids"]
    assert len({(chunk["id"], chunk["created"], chunk["object"]) for chunk in sent}) == 1


def test_last_chunk_tells_why_it_ended(client: Client) -> None:
    last = chunks(client.stream_chat("Hello"))[-1]
    assert last["choices"][0]["delta"] == {}
    assert last["choices"][0]["finish_reason"] == "stop"
    assert "stop_reason" in last["choices"][0]
    assert last["system_fingerprint"].startswith("vllm-0.3")
    assert "usage" not in last


def test_usage_chunk_comes_last_without_choices(client: Client) -> None:
    *rest, end, usage = chunks(client.stream_chat("Hello", **USAGE))
    assert end["choices"][0]["finish_reason"] == "stop"
    assert "system_fingerprint" not in end
    assert all("usage" not in chunk for chunk in rest)
    assert usage["choices"] == []
    assert set(usage["usage"]["prompt_tokens_details"]) == {"cached_tokens", "created_cache_tokens"}
    assert usage["usage"]["completion_tokens_details"]["reasoning_tokens"] > 0


def test_stream_says_the_same_as_an_answer_at_once(client: Client) -> None:
    body = {"chat_template_kwargs": {"enable_thinking": False}}
    deltas = _deltas(chunks(client.stream_chat("What is 2+2?", **body)))
    at_once = client.chat("What is 2+2?", **body).json["choices"][0]["message"]
    streamed = "".join(delta.get("content", "") for delta in deltas)
    # The stand-in describes the request, and one of these two was streamed.
    assert streamed[:12] == at_once["content"][:12]
    assert not any("reasoning" in delta for delta in deltas)


def test_limit_puts_the_reason_on_the_last_words(client: Client) -> None:
    last = chunks(client.stream_chat("Hello", max_tokens=3))[-1]["choices"][0]
    assert last["delta"].get("reasoning")
    assert (last["finish_reason"], last["stop_reason"]) == ("length", None)


def test_continuous_usage_is_on_every_chunk(client: Client) -> None:
    options = {"stream_options": {"include_usage": True, "continuous_usage_stats": True}}
    sent = chunks(client.stream_chat("Hello", max_tokens=4, **options))
    counts = [chunk["usage"]["completion_tokens"] for chunk in sent]
    assert counts[0] == 0
    assert counts == sorted(counts)
    assert counts[-1] == 4


def test_two_choices_are_told_apart_by_index(client: Client) -> None:
    sent = chunks(client.stream_chat("Hello", n=2, temperature=1, max_tokens=2))
    ended = [c["choices"][0]["index"] for c in sent if c["choices"][0]["finish_reason"]]
    assert sorted(ended) == [0, 1]


def test_tool_call_streams_name_first_and_then_arguments(client: Client) -> None:
    sent = chunks(client.stream_chat("What is the weather in Paris?", tools=[WEATHER], **USAGE))
    calls = [delta["tool_calls"][0] for delta in _deltas(sent) if "tool_calls" in delta]
    assert list(calls[0]) == ["id", "type", "index", "function"]
    assert calls[0]["function"] == {"name": "get_weather"}
    assert all(list(call) == ["index", "function"] for call in calls[1:])
    arguments = "".join(call["function"]["arguments"] for call in calls[1:])
    assert json.loads(arguments) == {"city": "Paris"}
    assert sent[-2]["choices"][0]["finish_reason"] == "tool_calls"


def test_refused_stream_is_no_stream(client: Client) -> None:
    reply = client.chat("word " * 3000, stream=True)
    assert reply.status == 400
    assert reply.headers["content-type"] == "application/json"


def _deltas(sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [chunk["choices"][0]["delta"] for chunk in sent if chunk["choices"]]


def test_answer_that_was_cut_goes_on(client: Client) -> None:
    """What the playground's Continue relies on: nothing is said again.

    Whether the rest comes as content or as reasoning depends on the chat template and the parser.
    """
    question = {"role": "user", "content": "Hello"}
    whole = client.chat("Hello").json["choices"][0]["message"]
    cut = whole["content"].index(" ", 4)
    part = {"role": "assistant", "content": whole["content"][:cut], "reasoning": whole["reasoning"]}
    switches = {"continue_final_message": True, "add_generation_prompt": False}
    deltas = _deltas(chunks(client.stream_chat([question, part], **switches)))
    rest = "".join((delta.get("reasoning") or "") + (delta.get("content") or "") for delta in deltas)
    assert not rest.startswith(whole["content"][:cut])
    assert (whole["content"][:cut] + rest).split()[:3] == whole["content"].split()[:3]


def test_going_on_and_beginning_an_answer_exclude_each_other(client: Client) -> None:
    refused = client.chat("Hello", continue_final_message=True)
    assert refused.status == 400
    assert "continue_final_message" in refused.text

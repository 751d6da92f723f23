"""Who may call what, and the words of every refusal."""

import re

import pytest

from tests.contracts.engine.client import Client
from tests.contracts.engine.conftest import WEATHER

OPEN = ["/health", "/ping", "/version", "/load", "/metrics", "/kv_event_sources"]
GUARDED = ["/v1/models", "/v1/nothing", "/v2/anything", "/inference/v1/generate", "/cohere/x"]
CHAT = "/v1/chat/completions"


@pytest.mark.parametrize("path", OPEN)
@pytest.mark.parametrize("key", [None, "wrong", ""], ids=["no key", "wrong key", "key"])
def test_open_paths_ask_for_no_key(client: Client, path: str, key: str | None) -> None:
    assert client.get(path, key).status == 200


@pytest.mark.parametrize("path", GUARDED)
@pytest.mark.parametrize("key", [None, "wrong"], ids=["no key", "wrong key"])
def test_guarded_paths_ask_for_the_key(client: Client, path: str, key: str | None) -> None:
    reply = client.get(path, key)
    assert (reply.status, reply.json) == (401, {"error": "Unauthorized"})


@pytest.mark.parametrize("path", ["/tokenize", "/invocations"])
def test_two_ways_in_are_not_guarded(client: Client, path: str) -> None:
    body = client.chat_body("Hello", max_tokens=1)
    assert client.post(path, body, key=None).status == 200


@pytest.mark.parametrize("path", [CHAT, "/v1/completions", "/v1/responses", "/v1/messages"])
def test_generating_paths_are_guarded(client: Client, path: str) -> None:
    assert client.post(path, {}, key=None).status == 401


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/v1/nothing", 404), ("GET", "/x", 404), ("GET", CHAT, 405)]
)
def test_unknown_paths_and_methods(client: Client, method: str, path: str, status: int) -> None:
    reply = client.request(method, path, None)
    assert reply.status == status
    assert reply.json == {"detail": "Not Found" if status == 404 else "Method Not Allowed"}


def test_unknown_model(client: Client) -> None:
    body = client.chat_body("Hello") | {"model": "nope"}
    for path in (CHAT, "/v1/responses"):
        reply = client.post(path, body | {"input": "Hello"})
        text = f"The model `nope` does not exist. Valid aliases: {client.model}."
        error = {"message": text, "type": "NotFoundError", "param": "model", "code": 404}
        assert (reply.status, reply.json) == (404, {"error": error})


def test_prompt_beyond_the_context(client: Client) -> None:
    reply = client.chat("word " * 3000)
    error = reply.json["error"]
    assert reply.status == 400
    assert (error["type"], error["param"], error["code"]) == ("BadRequestError", "input_tokens", 400)
    assert error["message"] == (
        "This model's maximum context length is 1024 tokens. However, your prompt contains at least 1025 "
        "input tokens, which exceeds this limit even without any output tokens. Please reduce the length of "
        "the input prompt. (parameter=input_tokens, value=1025)"
    )


@pytest.mark.parametrize(
    ("fields", "param", "message"),
    [
        ({"max_tokens": 5000}, "max_tokens", r"max_tokens=5000 cannot be greater than max_model_len=1024\. "),
        ({"max_tokens": 0}, "max_tokens", r"max_tokens must be at least 1, got 0\. "),
        ({"temperature": -3}, "temperature", r"temperature must be non-negative, got -3\.0\. "),
        ({"temperature": 9}, "temperature", r"temperature must be in \[0, 2\], got 9\.0\. "),
        ({"top_p": 3}, "top_p", r"top_p must be in \(0, 1\], got 3\.0\. "),
        ({"n": 0}, None, r"n must be at least 1, got 0\."),
        ({"n": 2}, None, r"n must be 1 when using greedy sampling, got 2\."),
        (
            {"min_tokens": 9, "max_tokens": 3},
            None,
            r"min_tokens must be less than or equal to max_tokens=3, got 9",
        ),
        (
            {"stream_options": {"include_usage": True}},
            "stream_options",
            r"Stream options can only be defined",
        ),
        ({"top_logprobs": 3}, "top_logprobs", r"when using `top_logprobs`, `logprobs` must be set to true"),
        ({"logprobs": True, "top_logprobs": 50}, "logprobs", r"Requested sample logprobs of 50, which is"),
        ({"tool_choice": "auto"}, "tool_choice", r"When using `tool_choice`, `tools` must be set"),
        (
            {"tools": [WEATHER], "tool_choice": {"type": "function", "function": {"name": "zz"}}},
            "tool_choice",
            r"The tool specified in `tool_choice` does not match any of the specified `tools`",
        ),
        ({"response_format": {"type": "json_schema"}}, "response_format", r"When response_format type is"),
        ({"messages": []}, None, r"Cannot apply chat template to an empty conversation\. Provide"),
    ],
    ids=str,
)
def test_bad_values(client: Client, fields: dict[str, object], param: str | None, message: str) -> None:
    reply = client.post(CHAT, client.chat_body("Hello") | fields)
    error = reply.json["error"]
    assert reply.status == 400
    assert (error["type"], error["param"], error["code"]) == ("BadRequestError", param, 400)
    assert re.match(message, error["message"])


def test_pictures_are_refused(client: Client) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}
    reply = client.chat([{"role": "user", "content": [picture]}])
    assert reply.status == 400
    assert reply.json["error"]["message"] == f"{client.model} is not a multimodal model"


@pytest.mark.parametrize(
    ("raw", "param"),
    [
        (b"{nope", "body.1"),
        (b"", "body"),
        (b"[]", "body"),
        (b'{"model": "x"}', "body.messages"),
        (b'{"messages": "x"}', "body.messages"),
        (b'{"messages": [], "max_tokens": "x"}', "body.max_tokens"),
    ],
)
def test_bodies_that_do_not_fit(client: Client, raw: bytes, param: str) -> None:
    reply = client.request("POST", CHAT, raw)
    error = reply.json["error"]
    assert reply.status == 400
    assert (error["type"], error["param"], error["code"]) == ("Bad Request", param, 400)
    assert error["message"].startswith("1 validation error:\n  {'type': '")


def test_other_content_types_are_refused(client: Client) -> None:
    reply = client.request("POST", CHAT, b'{"messages": []}', kind="text/plain")
    assert reply.status == 400
    assert "Unsupported Media Type: Only 'application/json' is allowed" in reply.json["error"]["message"]


def test_anthropic_refusals_have_their_own_shape(client: Client) -> None:
    body = {"model": "nope", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 5}
    text = f"The model `nope` does not exist. Valid aliases: {client.model}."
    refusal = {"type": "error", "error": {"type": "NotFoundError", "message": text}}
    for path in ("/v1/messages", "/v1/messages/count_tokens"):
        reply = client.post(path, body)
        assert (reply.status, reply.json) == (404, refusal)


def test_anthropic_body_without_limit_is_invalid(client: Client) -> None:
    body = {"model": client.model, "messages": [{"role": "user", "content": "Hello"}]}
    reply = client.post("/v1/messages", body)
    assert (reply.status, reply.json["error"]["param"]) == (400, "body.max_tokens")


def test_anthropic_key_header_is_not_known(client: Client) -> None:
    """vLLM reads the Authorization header alone, also on Anthropic's routes."""
    assert client.request("POST", "/v1/messages", b"{}", key=None).status == 401

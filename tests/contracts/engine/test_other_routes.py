"""Models, tokenize, version, health, load, and plain completions."""

import pytest

from tests.contracts.engine.client import Client, chunks


def test_health_is_empty(client: Client) -> None:
    for path in ("/health", "/ping"):
        reply = client.get(path)
        assert (reply.status, reply.text) == (200, "")


def test_version_is_the_one_in_the_log(client: Client) -> None:
    version = client.get("/version").json["version"]
    assert f"V1 LLM engine (v{version})" in client.engine.log


def test_load_is_zero_at_rest(client: Client) -> None:
    assert client.get("/load").json == {"server_load": 0}


def test_models_lists_the_served_name(client: Client) -> None:
    listed = client.get("/v1/models").json
    (model,) = listed["data"]
    assert listed["object"] == "list"
    assert model["id"] == client.model
    assert model["root"] == client.engine.command.model
    assert model["max_model_len"] == 1024
    assert model["owned_by"] == "vllm"
    assert model["permission"][0]["object"] == "model_permission"


def test_tokenize_counts_a_prompt(client: Client) -> None:
    reply = client.post("/tokenize", {"model": client.model, "prompt": "Hello"}).json
    assert list(reply) == ["count", "max_model_len", "tokens", "token_strs"]
    assert reply["count"] == len(reply["tokens"]) > 0
    assert reply["max_model_len"] == 1024
    assert reply["token_strs"] is None


def test_tokenize_counts_a_chat_as_the_answer_does(client: Client) -> None:
    body = client.chat_body("What is 2+2?", return_token_strs=True)
    counted = client.post("/tokenize", body).json
    used = client.chat("What is 2+2?", max_tokens=1).json["usage"]["prompt_tokens"]
    assert counted["count"] == used == len(counted["token_strs"])


def test_tokenize_knows_its_models(client: Client) -> None:
    assert client.post("/tokenize", {"model": "nope", "prompt": "x"}).status == 404


def test_server_is_uvicorn(client: Client) -> None:
    assert client.get("/health").headers["server"] == "uvicorn"


def test_completion_has_the_recorded_fields(client: Client) -> None:
    reply = client.post("/v1/completions", {"model": client.model, "prompt": "Hello", "max_tokens": 4}).json
    fields = ["id", "object", "created", "model", "choices", "service_tier", "system_fingerprint", "usage"]
    assert list(reply) == [*fields, "kv_transfer_params", "ec_transfer_params", "metrics"]
    assert (reply["object"], reply["id"][:5]) == ("text_completion", "cmpl-")
    assert list(reply["choices"][0]) == [
        *("index", "text", "logprobs", "finish_reason", "stop_reason", "token_ids"),
        *("prompt_logprobs", "prompt_token_ids", "routed_experts"),
    ]
    assert reply["choices"][0]["finish_reason"] == "length"
    assert reply["usage"]["completion_tokens"] == 4
    assert reply["usage"]["completion_tokens_details"] is None


def test_completion_ends_after_sixteen_tokens_unless_told(client: Client) -> None:
    body = {"model": client.model, "prompt": "Hello", "ignore_eos": True, "temperature": 0}
    assert client.post("/v1/completions", body).json["usage"]["completion_tokens"] == 16


def test_several_prompts_are_several_choices(client: Client) -> None:
    body = {"model": client.model, "prompt": ["Hello", "a b"], "max_tokens": 1, "echo": True}
    first, second = client.post("/v1/completions", body).json["choices"]
    assert first["text"].startswith("Hello")
    assert second["text"].startswith("a b")
    assert (first["index"], second["index"]) == (0, 1)


def test_completion_streams(client: Client) -> None:
    body = {"model": client.model, "prompt": "Hello", "max_tokens": 2, "stream": True}
    sent = chunks(client.stream("/v1/completions", body | {"stream_options": {"include_usage": True}}))
    assert [chunk["object"] for chunk in sent] == ["text_completion"] * len(sent)
    assert sent[-2]["choices"][0]["finish_reason"] == "length"
    assert sent[-1]["choices"] == []
    assert sent[-1]["usage"]["completion_tokens"] == 2
    assert list(sent[-1]["usage"]["prompt_tokens_details"]) == ["cached_tokens"]


@pytest.mark.parametrize("body", [{}, {"prompt": ""}], ids=["none", "empty"])
def test_completion_needs_a_prompt(client: Client, body: dict[str, str]) -> None:
    reply = client.post("/v1/completions", {"model": client.model, "max_tokens": 1} | body)
    assert (reply.status, reply.json["error"]["param"]) == (400, "prompt")

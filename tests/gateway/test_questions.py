"""What cannot be forwarded, and bodies that nobody should send."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.door.incoming import BODY_LIMIT_BYTES, secret_of
from gateway.door.problems import Problem
from gateway.door.question import read_question
from gateway.door.sse import EventEdge
from gateway.door.tokens import read_tokens

from .house import SECRET, Panel, build_house, open_house, route
from .raw_engine import raw_engine, whole

KEY = {"x-api-key": SECRET}


@pytest.mark.parametrize(
    ("body", "says", "param"),
    [
        (b"", "line 1, column 1", None),
        (b'{"model": "m",}', "line 1, column 15", None),
        (b'{"a":1,\n"model" "m"}', "line 2, column 9", None),
        (b'{"model":"\xff"}', "not UTF-8 at byte 10", None),
        ('{"model":"m"}'.encode("utf-16"), "not UTF-8", None),
        (b"[]", "JSON object", None),
        (b"null", "JSON object", None),
        (b"{}", "Name the model", "model"),
        (b'{"model":""}', "Name the model", "model"),
        (b'{"model":["m"]}', "Name the model", "model"),
        (b"[" * 200_000, "nested too deeply", None),
        (b'{"model":"m","n":' + b"9" * 10_000 + b"}", "too long", None),
    ],
)
async def test_bad_body_is_named_and_not_forwarded(body: bytes, says: str, param: str | None) -> None:
    async with raw_engine(whole(200, b"{}")) as engine, open_house(route(engine.url)) as house:
        async with house.post(data=body) as answer:
            assert answer.status == 400
            error = (await answer.json())["error"]
            assert says in error["message"]
            assert (error["param"], error["type"]) == (param, "invalid_request_error")
        assert engine.connections == 0
        assert (await house.row()).error_code == "invalid_body"


async def test_too_large_body_is_refused_before_it_is_sent() -> None:
    async with open_house(route()) as house:
        headers = KEY | {"content-length": str(BODY_LIMIT_BYTES + 1), "content-type": "application/json"}
        reader, writer = await asyncio.open_connection("127.0.0.1", int(house.url.rpartition(":")[2]))
        lines = [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join(["POST /v1/embeddings HTTP/1.1", "host: x", *lines, "", ""]).encode())
        assert b" 413 " in await reader.readline()
        assert b"body_too_large" in await reader.read(2000)
        writer.close()


async def test_too_large_body_without_a_length_is_refused() -> None:
    async def endless() -> Any:
        while True:
            yield b"x" * 1_000_000

    async with open_house(route()) as house:
        taken = 0
        messages = endless()

        async def receive() -> dict[str, Any]:
            nonlocal taken
            taken += 1
            return {"type": "http.request", "body": await anext(messages), "more_body": True}

        sent = await ask(house, receive=receive)
        assert sent[0]["status"] == 413
        assert taken == BODY_LIMIT_BYTES // 1_000_000 + 1


def test_body_of_nothing_but_values_is_refused_unparsed() -> None:
    with pytest.raises(Problem) as problem:
        read_question(b'{"model":"m","x":[' + b"[]," * 2_500_000 + b"[]]}")
    assert problem.value.status == 413


async def test_packed_body_is_refused() -> None:
    async with (
        open_house(route()) as house,
        house.post(headers=KEY | {"content-encoding": "gzip"}, data=b"x") as answer,
    ):
        assert answer.status == 415


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/v1/nothing", 404, "not_found"),
        ("POST", "/v1/chat/completions/", 404, "not_found"),
        ("POST", "/v1/chat/completions/../../metrics", 404, "not_found"),
        ("POST", "/v1//chat/completions", 404, "not_found"),
        ("POST", "/v1/load_lora_adapter", 404, "not_found"),
        ("GET", "/v1/models/glm-5.2-fp8", 404, "not_found"),
        ("GET", "/v1/responses/abc", 404, "not_found"),
        ("GET", "/v1/chat/completions", 405, "method_not_allowed"),
        ("OPTIONS", "/v1/chat/completions", 405, "method_not_allowed"),
        ("POST", "/v1/models", 405, "method_not_allowed"),
    ],
)
async def test_nothing_else_is_forwarded(method: str, path: str, status: int, code: str) -> None:
    async with raw_engine(whole(200, b"{}")) as engine, open_house(route(engine.url)) as house:
        sent = await ask(house, path=path, method=method)
        assert sent[0]["status"] == status
        assert json.loads(sent[1]["body"])["error"]["code"] == code
        assert engine.connections == 0


async def test_unknown_path_under_messages_has_the_shape_of_anthropic() -> None:
    async with open_house(route()) as house, house.post("/v1/messages/batches") as answer:
        said = await answer.json()
        assert (answer.status, said["type"], said["error"]["type"]) == (404, "error", "not_found_error")


async def test_query_is_ignored() -> None:
    async with raw_engine(whole(200, b"{}")) as engine, open_house(route(engine.url)) as house:
        async with house.post("/v1/messages?beta=true") as answer:
            assert answer.status == 200
        assert engine.heard[0].path == "/v1/messages"


async def ask(house: Any, *, path: str = "/v1/chat/completions", **changes: Any) -> list[dict[str, Any]]:
    """Call the app itself with a scope of any shape; what it sent."""
    sent: list[dict[str, Any]] = []
    body = changes.pop("body", b"{}")

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    receive = changes.pop("receive", receive)
    headers = [(b"x-api-key", SECRET.encode())]
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers} | changes
    await house.door.serve(scope, receive, send)
    return sent


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_bodies = st.binary(max_size=60) | _json.map(lambda value: json.dumps(value).encode())
_headers = st.lists(
    st.tuples(
        st.sampled_from(
            [b"authorization", b"x-api-key", b"content-length", b"content-type", b"content-encoding", b"x"]
        ),
        st.binary(max_size=40)
        | st.sampled_from([SECRET.encode(), b"Bearer " + SECRET.encode(), b"identity"]),
    ),
    max_size=4,
)


@settings(max_examples=150, deadline=None)
@given(
    body=_bodies, headers=_headers, path=st.sampled_from(["/v1/chat/completions", "/v1/messages", "/v1/x"])
)
def test_no_request_breaks_the_door(body: bytes, headers: list[tuple[bytes, bytes]], path: str) -> None:
    async def once() -> int:
        house = build_house(Panel([]))
        try:
            sent = await ask(house, path=path, body=body, headers=headers)
        finally:
            await house.door.close()
        assert "error" in json.loads(sent[1]["body"])
        return int(sent[0]["status"])

    assert asyncio.run(once()) in (400, 401, 404, 413, 415)


@given(st.lists(st.tuples(st.binary(max_size=12), st.binary(max_size=60)), max_size=5))
def test_any_headers_can_be_searched_for_a_key(headers: list[tuple[bytes, bytes]]) -> None:
    secret_of(headers)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes_can_be_searched_for_tokens(head: bytes, tail: bytes) -> None:
    read_tokens(head, b'"usage":' + tail)


@given(st.lists(st.sampled_from([b"\n", b"\r\n", b"\n\n", b"data: x", b""]), max_size=30))
def test_event_edge_loses_and_changes_nothing(chunks: list[bytes]) -> None:
    edge = EventEdge()
    let_through = b"".join(edge.take(chunk) for chunk in chunks)
    assert not let_through or let_through.endswith((b"\n\n", b"\r\n\r\n"))
    assert let_through + edge.rest() == b"".join(chunks)


def test_event_without_an_end_is_let_through_in_pieces() -> None:
    edge = EventEdge()
    assert edge.take(b"x" * 300_000) == b"x" * 300_000


@pytest.mark.parametrize(
    ("head", "tail", "counts"),
    [
        (b"", b"", (None, None, None, None)),
        (b"", b'{"usage":null}', (None, None, None, None)),
        (b"", b'{"usage": {"prompt_tokens": 3, "total_tokens": 3}}', (3, None, None, None)),
        (b"", b'{"usage":{"prompt_tokens":-1,"completion_tokens":true}}', (None, None, None, None)),
        (b"", b'{"usage":{"prompt_tokens":1', (None, None, None, None)),
        (b"", b'{"usage":{"prompt_tokens":1}} {"usage":null} {"usage":{}}', (1, None, None, None)),
        (b"", rb'{"text":"\"usage\":{\"prompt_tokens\":9}"}', (None, None, None, None)),
        (
            b'{"message":{"usage":{"input_tokens":7,"cache_read_input_tokens":4}}}',
            b'{"usage":{"output_tokens":5}}',
            (7, 4, 5, None),
        ),
        (
            b"",
            b'{"usage":{"input_tokens":7,"input_tokens_details":{"cached_tokens":2},"output_tokens":5,'
            b'"output_tokens_details":{"reasoning_tokens":1}}}',
            (7, 2, 5, 1),
        ),
    ],
)
def test_tokens_are_read_as_the_engine_counted_them(
    head: bytes, tail: bytes, counts: tuple[int | None, ...]
) -> None:
    tokens = read_tokens(head, tail)
    assert (tokens.prompt, tokens.cached, tokens.completion, tokens.reasoning) == counts

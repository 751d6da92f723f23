"""What goes to the engine, and what comes back."""

import asyncio
import json
from typing import Any

import pytest

from deployments.public import State
from gateway.models import Outcome

from .house import ENGINE_KEY, SECRET, open_house, route
from .raw_engine import LAST, SSE, Heard, chunk, head, raw_engine, whole

ANSWER = (
    b'{"id":"c1","choices":[],"usage":{"prompt_tokens":11,"completion_tokens":5,'
    b'"prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":3}}}'
)


async def test_bytes_go_through_unchanged() -> None:
    body = b'{ "model" : "glm-5.2-fp8", "temperature": 1.0, "x": "\\u00e9\xc3\xa9" }'
    async with raw_engine(whole(200, ANSWER)) as engine, open_house(route(engine.url)) as house:
        async with house.post(data=body) as answer:
            assert answer.status == 200
            assert await answer.read() == ANSWER
            assert answer.headers["x-pilotlight-deployment"] == "glm-5-2-fp8"
            assert answer.headers["x-pilotlight-request-id"].startswith("req_")
        assert engine.heard[0].body == body
        assert (engine.heard[0].method, engine.heard[0].path) == ("POST", "/v1/chat/completions")


async def test_slug_is_rewritten_to_the_served_name() -> None:
    body = b'{"model":"glm-5-2-fp8","n":12345678901234567890,"text":"\\ud800"}'
    async with raw_engine(whole(200, ANSWER)) as engine, open_house(route(engine.url)) as house:
        async with house.post(data=body) as answer:
            assert answer.status == 200
        assert engine.heard[0].body == body.replace(b"glm-5-2-fp8", b"glm-5.2-fp8")


async def test_only_listed_headers_reach_the_engine() -> None:
    sent = {
        "Authorization": f"Bearer {SECRET}",
        "x-api-key": SECRET,
        "Cookie": "pilotlight_session=abc",
        "Modal-Key": "wk-theirs",
        "Modal-Secret": "ws-theirs",
        "X-Forwarded-For": "192.0.2.1",
        "Content-Type": "application/json; charset=utf-8",
        "anthropic-beta": "tools",
        "anthropic-version": "2023-06-01",
        "Accept": "text/event-stream",
    }
    async with raw_engine(whole(200, ANSWER)) as engine, open_house(route(engine.url)) as house:
        async with house.post(headers=sent) as answer:
            assert answer.status == 200
        headers = dict(engine.heard[0].headers)
    del headers["host"], headers["content-length"]
    assert headers == {
        "authorization": f"Bearer {ENGINE_KEY}",
        "modal-key": "wk-id",
        "modal-secret": "ws-secret",
        "content-type": "application/json; charset=utf-8",
        "anthropic-beta": "tools",
        "anthropic-version": "2023-06-01",
        "accept": "text/event-stream",
        "accept-encoding": "identity",
        "user-agent": "pilotlight",
    }


async def test_only_listed_headers_reach_the_client() -> None:
    engine_says = whole(
        200,
        b"<script>alert(1)</script>",
        "content-type: text/html",
        "set-cookie: pilotlight_session=evil",
        "x-frame-options: ALLOWALL",
        "content-security-policy: default-src *",
        "access-control-allow-origin: *",
        "retry-after: 7",
        "location: http://elsewhere.example",
    )
    async with (
        raw_engine(engine_says) as engine,
        open_house(route(engine.url)) as house,
        house.post() as answer,
    ):
        headers = {name.lower() for name in answer.headers}
        assert answer.headers.getall("content-security-policy") == ["default-src 'none'; sandbox"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["retry-after"] == "7"
    assert not headers & {"set-cookie", "x-frame-options", "access-control-allow-origin", "location"}


@pytest.mark.parametrize("status", [400, 404, 422, 429, 500, 503])
async def test_engine_error_keeps_its_own_words(status: int) -> None:
    words = b'{"error":{"message":"engine says no","code":%d}}' % status
    says = whole(status, words, "content-type: application/json", "retry-after: 3")
    async with raw_engine(says) as engine, open_house(route(engine.url)) as house:
        async with house.post() as answer:
            assert (answer.status, await answer.read()) == (status, words)
            assert answer.headers["retry-after"] == "3"
            assert answer.headers["x-pilotlight-source"] == "engine"
        row = await house.row()
        assert (row.outcome, row.status, row.error_code) == (Outcome.ENGINE_ERROR, status, f"http_{status}")
        assert bool(house.panel.failures) == (status >= 500)


async def test_refused_engine_key_is_the_panels_fault() -> None:
    async with (
        raw_engine(whole(401, b'{"error":"Unauthorized"}')) as engine,
        open_house(route(engine.url)) as house,
        house.post() as answer,
    ):
        assert answer.status == 502
        assert (await answer.json())["error"]["code"] == "engine_key_refused"


async def test_unreachable_engine_is_502() -> None:
    async with open_house(route("http://127.0.0.1:1")) as house:
        async with house.post() as answer:
            assert answer.status == 502
            error = (await answer.json())["error"]
            assert (error["code"], error["source"]) == ("engine_unreachable", "panel")
            assert answer.headers["x-pilotlight-deployment"] == "glm-5-2-fp8"
        row = await house.row()
        assert (row.outcome, row.error_code) == (Outcome.ENGINE_LOST, "engine_unreachable")
        assert house.panel.failures


async def test_engine_that_hangs_up_before_its_answer_is_502_and_asked_once() -> None:
    async def hang_up(heard: Heard, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with raw_engine(hang_up) as engine, open_house(route(engine.url)) as house:
        async with house.post() as answer:
            assert (await answer.json())["error"]["code"] == "engine_unreachable"
        assert len(engine.heard) == 1


def detours(count: int, final: bytes = ANSWER) -> Any:
    async def answer(heard: Heard, writer: asyncio.StreamWriter) -> None:
        step = int(heard.path.rpartition("/")[2]) if heard.method == "GET" else 0
        if step == count:
            writer.write(head(200, "content-type: application/json", f"content-length: {len(final)}") + final)
        else:
            writer.write(head(303, f"location: /__result__/{step + 1}", "content-length: 0"))

    return answer


async def test_detours_of_a_long_answer_are_hidden() -> None:
    async with raw_engine(detours(22)) as engine, open_house(route(engine.url)) as house:
        async with house.post() as answer:
            assert (answer.status, await answer.read()) == (200, ANSWER)
            assert not answer.history
        assert [heard.method for heard in engine.heard] == ["POST"] + ["GET"] * 22
        assert {heard.headers["modal-key"] for heard in engine.heard} == {"wk-id"}
        assert all(heard.body == b"" for heard in engine.heard[1:])


async def test_endless_detours_end() -> None:
    async with raw_engine(detours(10_000)) as engine, open_house(route(engine.url)) as house:
        async with house.post() as answer:
            assert answer.status == 504
            assert (await answer.json())["error"]["code"] == "engine_timeout"
        assert len(engine.heard) < 40


@pytest.mark.parametrize(
    ("status", "location"),
    [
        (303, "http://127.0.0.2:9/steal"),
        (303, "https://elsewhere.example/"),
        (303, "//elsewhere.example/"),
        (303, ""),
        (303, "http://[broken"),
        (303, "file:///etc/passwd"),
        (302, "/elsewhere"),
        (307, "/elsewhere"),
    ],
)
async def test_detour_elsewhere_is_refused(status: int, location: str) -> None:
    async with (
        raw_engine(whole(status, b"", f"location: {location}")) as engine,
        open_house(route(engine.url)) as house,
        house.post() as answer,
    ):
        assert answer.status == 502
        assert (await answer.json())["error"]["code"] == "engine_redirected"
        assert len(engine.heard) == 1


def stream(*pieces: bytes, end: bytes = LAST) -> Any:
    async def answer(heard: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(SSE)
        for piece in pieces:
            writer.write(chunk(piece))
            await writer.drain()
        writer.write(end)
        if not end:
            await writer.drain()
            writer.transport.close()

    return answer


async def test_stream_goes_through_byte_for_byte() -> None:
    pieces = (b'data: {"a":1}\n\n', b"data: {", b'"b":2}\n\n: comment\n\ndata: [DO', b"NE]\n\n", b"rest")
    async with raw_engine(stream(*pieces)) as engine, open_house(route(engine.url)) as house:
        async with house.post() as answer:
            assert await answer.read() == b"".join(pieces)
            assert answer.content_type == "text/event-stream"
            assert answer.headers["x-accel-buffering"] == "no"
        row = await house.row()
        assert (row.outcome, row.status, row.bytes_out) == (Outcome.OK, 200, len(b"".join(pieces)))
        assert row.prompt_tokens is None
        assert row.first_byte_s is not None
        assert 0 < row.first_byte_s <= row.duration_s


async def test_first_event_is_not_held_back() -> None:
    go_on = asyncio.Event()

    async def answer(heard: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(SSE + chunk(b"data: first\n\n"))
        await go_on.wait()
        writer.write(chunk(b"data: second\n\n") + LAST)

    async with raw_engine(answer) as engine, open_house(route(engine.url)) as house, house.post() as answer_:
        assert await answer_.content.readany() == b"data: first\n\n"
        go_on.set()
        assert await answer_.content.read() == b"data: second\n\n"


@pytest.mark.parametrize(
    ("path", "begins", "type_at"),
    [
        ("/v1/chat/completions", b"data: ", ("error", "server_error")),
        ("/v1/messages", b"event: error\ndata: ", ("type", "error")),
        ("/v1/responses", b"event: error\ndata: ", ("type", "error")),
    ],
)
async def test_broken_stream_ends_with_an_error_event(
    path: str, begins: bytes, type_at: tuple[str, str]
) -> None:
    broken = stream(b"data: whole\n\n", b'data: {"hal', end=b"")
    async with raw_engine(broken) as engine, open_house(route(engine.url)) as house:
        async with house.post(path) as answer:
            got = await answer.read()
        whole_event, event, rest = got.split(b"\n\n")
        assert (whole_event, rest) == (b"data: whole", b"")
        assert event.startswith(begins)
        data = json.loads(event[len(begins) :])
        assert data["error"]["code"] == "engine_lost"
        assert data["error"]["source"] == "panel"
        assert type_at[1] in (data[type_at[0]], data["error"]["type"])
        row = await house.row()
        assert (row.outcome, row.error_code) == (Outcome.ENGINE_LOST, "engine_lost")


async def test_engine_that_dies_in_its_own_words_is_noted() -> None:
    words = b'data: {"error":{"message":"EngineCore encountered an issue","code":500}}\n\ndata: [DONE]\n\n'
    async with raw_engine(stream(b"data: x\n\n", words)) as engine, open_house(route(engine.url)) as house:
        async with house.post() as answer:
            assert await answer.read() == b"data: x\n\n" + words
        assert (await house.row()).outcome == Outcome.ENGINE_ERROR
        assert house.panel.failures


async def test_half_an_answer_is_an_error_and_not_half_an_answer() -> None:
    async def half(heard: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, "content-type: application/json", "content-length: 1000") + b'{"half":')
        await writer.drain()
        writer.transport.close()

    async with raw_engine(half) as engine, open_house(route(engine.url)) as house, house.post() as answer:
        assert answer.status == 502
        assert (await answer.json())["error"]["code"] == "engine_lost"


async def test_long_answer_goes_through_and_is_counted() -> None:
    long = b'{"data":"' + b"x" * 3_000_000 + b'",' + ANSWER[1:]
    async with raw_engine(whole(200, long)) as engine, open_house(route(engine.url)) as house:
        async with house.post("/v1/embeddings") as answer:
            assert await answer.read() == long
            assert int(answer.headers["content-length"]) == len(long)
        assert (await house.row()).prompt_tokens == 11


async def test_long_question_goes_through() -> None:
    question = json.dumps({"model": "glm-5.2-fp8", "messages": ["x" * 5_000_000]}).encode()
    async with raw_engine(whole(200, ANSWER)) as engine, open_house(route(engine.url)) as house:
        async with house.post(data=question) as answer:
            assert answer.status == 200
        assert engine.heard[0].body == question
        assert (await house.row()).bytes_in == len(question)


async def test_row_has_what_the_engine_counted() -> None:
    async with raw_engine(whole(200, ANSWER)) as engine, open_house(route(engine.url)) as house:
        async with house.post() as answer:
            request_id = answer.headers["x-pilotlight-request-id"]
        row = await house.row()
    assert (row.prompt_tokens, row.cached_tokens, row.completion_tokens, row.reasoning_tokens) == (
        11,
        8,
        5,
        3,
    )
    assert (row.request_id, row.key_id, row.user_id) == (request_id, 7, 3)
    assert (row.deployment_id, row.deployment_slug, row.model) == (1, "glm-5-2-fp8", "glm-5.2-fp8")
    assert (row.path, row.status, row.stream, row.outcome) == ("/v1/chat/completions", 200, False, "ok")
    assert row.bytes_out == len(ANSWER)


async def test_degraded_server_is_asked() -> None:
    async with (
        raw_engine(whole(200, ANSWER)) as engine,
        open_house(route(engine.url, state=State.DEGRADED)) as house,
        house.post() as answer,
    ):
        assert answer.status == 200


async def test_connection_is_used_again() -> None:
    async with raw_engine(whole(200, ANSWER)) as engine, open_house(route(engine.url)) as house:
        for _ in range(3):
            async with house.post() as answer:
                await answer.read()
        assert engine.connections == 1

"""Chunks, errors and seconds, without any server."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx2
import openai
import pytest

from chat.models import Message
from chat.runner.chunks import CallPart, Calls, Chunk, Usage, read_chunk, read_usage
from chat.runner.endings import ending_of
from chat.runner.meter import Meter
from chat.runner.writing import Writing

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
REQUEST = httpx2.Request("POST", "http://127.0.0.1/v1/chat/completions")


COUNTS = {
    "prompt_tokens": 3,
    "completion_tokens": 5,
    "prompt_tokens_details": {"cached_tokens": 2},
    "completion_tokens_details": {"reasoning_tokens": 1},
}


def delta(**fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": None}]}


@pytest.mark.parametrize(
    ("data", "chunk"),
    [
        (delta(role="assistant", content=""), Chunk()),
        (delta(content="Hi"), Chunk(text="Hi")),
        (delta(reasoning="Hm"), Chunk(reasoning="Hm")),
        (delta(reasoning_content="Hm"), Chunk(reasoning="Hm")),
        (delta(content="a\0b"), Chunk(text="a\ufffdb")),
        ({"choices": [{"delta": {}, "finish_reason": "stop"}]}, Chunk(finish_reason="stop")),
        ({"choices": [], "model": "glm", "usage": COUNTS}, Chunk(usage=COUNTS, model="glm")),
        ({"choices": None, "usage": None}, Chunk()),
        (["nonsense"], Chunk()),
    ],
)
def test_chunks_are_read(data: Any, chunk: Chunk) -> None:
    assert read_chunk(data) == chunk


@pytest.mark.parametrize(
    "data",
    [
        {"choices": ["x"]},
        {"choices": "x"},
        {"choices": [{"delta": "x"}]},
        delta(tool_calls=[None, "x"]),
        delta(tool_calls={"index": 0}),
        {"usage": "x"},
    ],
    ids=str,
)
def test_chunk_of_an_odd_shape_adds_nothing(data: Any) -> None:
    assert read_chunk(data) == Chunk()


def test_what_no_database_can_hold_is_replaced() -> None:
    assert read_chunk(delta(content="a\0b\ud83dc")).text == "a\ufffdb\ufffdc"
    usage = {"prompt_tokens": 10**21, "completion_tokens": True, "prompt_tokens_details": "x"}
    assert read_usage(usage) == Usage()
    told = ending_of(refused(400, {"message": "no\0 \udc00", "code": 400}), received=False)
    assert told.text == "no\ufffd \ufffd"


def test_counts_are_read_with_and_without_details() -> None:
    assert read_usage(COUNTS) == Usage(3, 2, 5, 1)
    assert read_usage({"prompt_tokens": 3, "completion_tokens": 5}) == Usage(3, None, 5, None)


@pytest.mark.parametrize(
    ("row", "counts"),
    [
        ({}, Usage(3, 2, 5, 1)),
        (
            {"text": "One", "prompt_tokens": 9, "completion_tokens": 10, "reasoning_tokens": 4},
            Usage(9, None, 15, 5),
        ),
        ({"text": "One", "prompt_tokens": 9, "completion_tokens": 10}, Usage(9, None, 15, 1)),
        (
            {"text": "One", "reasoning": "Hm", "prompt_tokens": 9, "completion_tokens": 10},
            Usage(9, None, 15, None),
        ),
        ({"text": "One"}, Usage(3, 2, None, 1)),
    ],
)
def test_counts_of_a_continue_are_added_where_all_is_known(row: dict[str, Any], counts: Usage) -> None:
    writing = Writing.of(Message(pk=1, **row))
    writing.take(Chunk(usage=COUNTS), T0)
    assert writing.counts() == counts


def test_tool_calls_come_together_from_their_pieces() -> None:
    calls = Calls()
    first = {
        "index": 0,
        "id": "call-1",
        "type": "function",
        "function": {"name": "get_weather", "arguments": ""},
    }
    for part in (
        first,
        {"index": 0, "function": {"arguments": '{"city":'}},
        {"index": 0, "function": {"arguments": ' "X"}'}},
    ):
        (read,) = read_chunk(delta(tool_calls=[part])).calls
        calls.take(read)
    calls.take(CallPart(1, "call-2", "now", "{}"))
    assert calls.rows() == [
        {"id": "call-1", "name": "get_weather", "arguments": '{"city": "X"}'},
        {"id": "call-2", "name": "now", "arguments": "{}"},
    ]


def refused(status: int, body: Any) -> openai.APIStatusError:
    kind = (
        openai.AuthenticationError
        if status == 401
        else openai.InternalServerError
        if status >= 500
        else openai.BadRequestError
    )
    return kind("refused", response=httpx2.Response(status, request=REQUEST), body=body)


PANEL = {"message": "It is off.", "code": "asleep", "type": "invalid_request_error"}


@pytest.mark.parametrize(
    ("error", "received", "ending"),
    [
        (refused(403, PANEL), False, ("failed", "asleep", False)),
        (refused(400, {"message": "Too long.", "code": 400}), False, ("failed", "engine_400", False)),
        (refused(402, PANEL | {"code": "budget_exhausted"}), False, ("failed", "budget_exhausted", False)),
        (refused(503, PANEL | {"code": "waking"}), False, ("failed", "waking", True)),
        (refused(503, PANEL | {"code": "panel_stopping"}), False, ("failed", "panel_stopping", True)),
        (refused(503, PANEL | {"code": "failed"}), False, ("failed", "failed", False)),
        (refused(503, PANEL | {"code": "stopping"}), False, ("failed", "stopping", False)),
        (refused(502, "<html>"), False, ("failed", "unreachable", True)),
        (refused(401, PANEL | {"code": "invalid_key"}), False, ("failed", "invalid_key", True)),
        (
            openai.APIError("ended", REQUEST, body=PANEL | {"code": "invalid_key"}),
            False,
            ("failed", "invalid_key", True),
        ),
        (openai.APIConnectionError(request=REQUEST), False, ("failed", "unreachable", True)),
        (openai.APIConnectionError(request=REQUEST), True, ("interrupted", "broke_off", False)),
        (httpx2.RemoteProtocolError("closed"), False, ("failed", "unreachable", True)),
        (httpx2.RemoteProtocolError("closed"), True, ("interrupted", "broke_off", False)),
        (
            openai.APIError("died", REQUEST, body={"message": "It died.", "code": 500}),
            True,
            ("interrupted", "engine_500", False),
        ),
        (
            openai.APIError("died", REQUEST, body={"message": "It died.", "code": 500}),
            False,
            ("failed", "engine_500", False),
        ),
    ],
)
def test_what_an_error_means(error: Exception, received: bool, ending: tuple[str, str, bool]) -> None:
    found = ending_of(error, received=received)
    assert (found.status, found.code, found.again) == ending
    assert found.text


def test_meter_shares_the_price_and_stops() -> None:
    meter = Meter()
    assert meter.total(T0) is None
    meter.set(Decimal(36), 1, T0)  # a cent a second
    meter.set(Decimal(36), 4, T0 + timedelta(seconds=10))
    assert meter.total(T0 + timedelta(seconds=14)) == Decimal("0.11000000")  # 10 x 0.01 + 4 x 0.0025
    meter.stop(T0 + timedelta(seconds=14))
    assert meter.total(T0 + timedelta(hours=1)) == Decimal("0.11000000")


def test_time_of_a_cold_start_is_no_time_to_first_token() -> None:
    writing = Writing(1, "x", started_at=T0)
    writing.wait(T0, phase="weights", eta_s=30.4)
    writing.wait(T0 + timedelta(seconds=20), phase="warmup", eta_s=1)
    writing.take(Chunk(reasoning="Hm"), T0 + timedelta(seconds=21))
    writing.take(Chunk(text="Hi"), T0 + timedelta(seconds=24))
    writing.close(T0 + timedelta(seconds=26))
    assert (writing.waited_s, writing.written_s) == (20.0, 5.0)
    told = writing.drain()
    assert told[0] == ("state", {"status": "streaming"})
    assert ("thought", {"seconds": 3.0}) in told


def test_snapshot_stands_for_all_that_was_told() -> None:
    writing = Writing(1, "x")
    writing.take(Chunk(text="# One\n\nTwo"), T0)
    first = writing.drain()
    writing.take(Chunk(text=" three"), T0)
    assert writing.drain() == [("open", {"n": 1, "text": " three", "reset": False})]
    writing.needs_snapshot = True
    snapshot = writing.drain()
    assert snapshot[-1] == ("open", {"n": 1, "text": "Two three", "reset": True})
    assert [one for one in snapshot if one[0] == "block"] == [one for one in first if one[0] == "block"]


def test_text_that_goes_on_is_text_whatever_the_engine_calls_it() -> None:
    writing = Writing.of(Message(pk=1, text="One, ", reasoning="Hm."))
    writing.take(Chunk(reasoning="two"), T0)
    writing.take(Chunk(text=", three"), T0)
    writing.drain()
    assert (writing.text, writing.reasoning) == ("One, two, three", "Hm.")

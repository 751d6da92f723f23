"""From an answer and limits to jobs."""

import pytest

from sandbox.engine.answers import Answer
from sandbox.engine.errors import ApiError
from sandbox.engine.output import CONTENT, REASONING, calls_of, text_of
from sandbox.engine.plan import Limits, answer_tokens, plan_jobs, read_limits, room_for

ANSWER = Answer("I think.", "Hello there, friend.", (("f", '{"a": 1}'),))


def test_tokens_come_in_the_order_of_generation() -> None:
    channels = [token.channel for token in answer_tokens(ANSWER)]
    order = list(dict.fromkeys(channel for channel in channels if channel != "hidden"))
    assert order == ["reasoning", "content", "tool"]
    assert channels[-1] == "hidden"


def test_without_a_reasoning_parser_reasoning_is_text() -> None:
    tokens = answer_tokens(ANSWER, separate=False)
    assert text_of(tokens, REASONING) == ""
    assert text_of(tokens, CONTENT) == "I think.</think>Hello there, friend."


def test_whole_answer_ends_with_stop() -> None:
    (job,) = plan_jobs(["p"], answer_tokens(ANSWER), Limits(1000), room=1000)
    assert (job.finish_reason, job.stop_reason) == ("stop", 4)
    assert calls_of(job.output) == [(0, "f", '{"a": 1}')]
    assert list(job.tool_ids) == [0]


@pytest.mark.parametrize(("limit", "room"), [(3, 100), (100, 3)])
def test_answer_is_cut_to_limit_and_room(limit: int, room: int) -> None:
    (job,) = plan_jobs(["p"], answer_tokens(ANSWER), Limits(limit), room)
    assert len(job.output) == job.max_tokens == 3
    assert (job.finish_reason, job.stop_reason) == ("length", None)
    assert job.tool_ids == {}


@pytest.mark.parametrize(
    ("stop", "left"), [(("there",), "Hello "), (("re, fr",), "Hello the"), (("zz",), None)]
)
def test_stop_text_is_left_out_wherever_it_falls(stop: tuple[str, ...], left: str | None) -> None:
    (job,) = plan_jobs(["p"], answer_tokens(ANSWER), Limits(1000, stop), room=1000)
    assert text_of(job.output, CONTENT) == (left if left is not None else ANSWER.content)
    assert job.stop_reason == (stop[0] if left is not None else 4)


def test_ignoring_the_end_fills_the_limit() -> None:
    (job,) = plan_jobs(["p"], answer_tokens(ANSWER), Limits(200, ignore_end=True), room=1000)
    assert (len(job.output), job.finish_reason) == (200, "length")


def test_prompt_as_long_as_the_context_has_no_room() -> None:
    assert room_for(["x"] * 9, 10) == 1
    with pytest.raises(ApiError, match="maximum context length is 10 tokens"):
        room_for(["x"] * 10, 10)


def test_first_name_given_bounds_the_answer() -> None:
    body = {"max_tokens": 5, "max_completion_tokens": 7}
    assert read_limits(body, 100, "max_completion_tokens", "max_tokens").max_tokens == 7
    assert read_limits({}, 100, "max_tokens").max_tokens == 100

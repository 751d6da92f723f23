"""`/v1/chat/completions`, streamed and at once."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from aiohttp import web

from sandbox.engine.core import EngineDeadError
from sandbox.engine.errors import ApiError, bad_value
from sandbox.engine.output import (
    CONTENT,
    HIDDEN,
    REASONING,
    Job,
    Token,
    Usage,
    calls_of,
    text_of,
    usage_of,
)
from sandbox.engine.plan import MAX_LOGPROBS, plan_chat, read_limits
from sandbox.engine.routes.chat_shapes import NULL_TAIL, delta_body, logprobs_body, usage_body
from sandbox.engine.routes.reading import read_chat
from sandbox.engine.routes.state import State, new_id, run_all, run_streamed, state_of
from sandbox.engine.routes.wire import Events, answer, check_integers, check_list, read_body


@dataclass(slots=True)
class Chat:
    """One chat request on its way."""

    state: State
    body: dict[str, Any]
    model: str
    jobs: Sequence[Job]
    forced: bool
    id: str = field(default_factory=lambda: new_id("chatcmpl-"))
    created: int = field(default_factory=lambda: int(time.time()))
    logprobs: int | None = None
    done: list[list[Token]] = field(init=False)

    def __post_init__(self) -> None:
        """Nothing is generated yet."""
        self.done = [[] for _ in self.jobs]

    @property
    def wants_usage(self) -> bool:
        """Whether a last chunk tells the usage."""
        return bool(self._stream_options.get("include_usage")) or self.state.settings.force_usage

    @property
    def continuous_usage(self) -> bool:
        """Whether every chunk tells the usage so far."""
        return bool(self._stream_options.get("continuous_usage_stats"))

    @property
    def _stream_options(self) -> dict[str, Any]:
        return self.body.get("stream_options") or {}

    def usage(self) -> Usage:
        """The usage so far, over all choices."""
        return usage_of(self.jobs, [token for tokens in self.done for token in tokens])

    def finish_reason(self, job: Job) -> str:
        """Why this choice ended; a call that the client insisted on ends with "stop", as recorded."""
        if job.finish_reason == "stop" and job.tool_ids and not self.forced:
            return "tool_calls"
        return job.finish_reason


async def chat_completions(request: web.Request) -> web.StreamResponse:
    """Answer a chat. A client that leaves ends the generation."""
    state = state_of(request)
    body = await read_body(request, "messages")
    check_list(body, "messages")
    check_integers(body, "max_tokens", "max_completion_tokens", "n", "min_tokens")
    chat = _prepare(state, body)
    if body.get("stream"):
        return await _stream(request, chat)
    chat.done = await run_all(state.engine, chat.jobs)
    return answer(_whole(chat))


def _prepare(state: State, body: dict[str, Any]) -> Chat:
    if body.get("stream_options") and not body.get("stream"):
        raise bad_value("Stream options can only be defined when `stream=True`.", "stream_options")
    logprobs = _read_logprobs(body)
    model = state.model_name(body.get("model"))
    conversation = read_chat(body, state.settings)
    context = state.settings.max_model_len
    limits = read_limits(body, context, "max_completion_tokens", "max_tokens")
    jobs = plan_chat(conversation, limits, context, separate=bool(state.settings.reasoning_parser))
    forced = conversation.forced_tool is not None
    return Chat(state, body, model, jobs, forced, logprobs=logprobs)


def _read_logprobs(body: dict[str, Any]) -> int | None:
    top = body.get("top_logprobs")
    if top and not body.get("logprobs"):
        raise bad_value("when using `top_logprobs`, `logprobs` must be set to true.", "top_logprobs")
    if top and int(top) > MAX_LOGPROBS:
        text = f"Requested sample logprobs of {top}, which is greater than max allowed: {MAX_LOGPROBS}"
        raise bad_value(text, "logprobs", top)
    return int(top or 0) if body.get("logprobs") else None


def _whole(chat: Chat) -> dict[str, Any]:
    choices = [_choice(chat, index, tokens) for index, tokens in enumerate(chat.done)]
    return {
        "id": chat.id,
        "object": "chat.completion",
        "created": chat.created,
        "model": chat.model,
        "choices": choices,
        "service_tier": None,
        "system_fingerprint": chat.state.settings.fingerprint,
        "usage": usage_body(chat.state, chat.usage(), streamed=False),
        **NULL_TAIL,
    }


def _choice(chat: Chat, index: int, tokens: Sequence[Token]) -> dict[str, Any]:
    job = chat.jobs[index]
    message: dict[str, Any] = {"role": "assistant", "content": text_of(tokens, CONTENT) or None}
    if chat.forced:
        message["content"] = message["content"] or ""
    message |= {"refusal": None, "annotations": None, "audio": None, "function_call": None}
    calls = [
        {"id": job.tool_ids[number], "type": "function", "function": {"name": name, "arguments": text}}
        for number, name, text in calls_of(tokens)
    ]
    if calls:
        message["tool_calls"] = calls
    message["reasoning"] = text_of(tokens, REASONING) or None
    return {
        "index": index,
        "message": message,
        "logprobs": logprobs_body(tokens, chat.logprobs),
        "finish_reason": chat.finish_reason(job),
        "stop_reason": job.stop_reason,
        "token_ids": None,
        "routed_experts": None,
    }


async def _stream(request: web.Request, chat: Chat) -> web.StreamResponse:
    events = Events(request)
    await events.open()
    try:
        async with aclosing(run_streamed(chat.state.engine, chat.jobs)) as steps:
            async for index, step in steps:
                if not any(chat.done):
                    await _send_roles(events, chat)
                chat.done[index].extend(step)
                await _send_step(events, chat, index, step)
        if chat.wants_usage:
            await events.send(_usage_chunk(chat))
    except EngineDeadError as error:
        await events.send_text(json.dumps(ApiError(500, str(error), kind="InternalServerError").body()))
    await events.send_text("[DONE]")
    return await events.close()


async def _send_roles(events: Events, chat: Chat) -> None:
    for index in range(len(chat.jobs)):
        delta = {"role": "assistant", "content": ""}
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": None}
        chunk = _chunk(chat, [choice]) | {"prompt_token_ids": None, "prompt_text": None}
        if chat.continuous_usage:
            chunk["usage"] = usage_body(chat.state, chat.usage(), streamed=True, details=False)
        await events.send(chunk)


async def _send_step(events: Events, chat: Chat, index: int, step: Sequence[Token]) -> None:
    """One chunk per channel in the step; the last one of the choice carries why it ended."""
    runs = _visible_runs(step)
    ended = len(chat.done[index]) >= len(chat.jobs[index].output)
    if ended and (not runs or step[-1].channel == HIDDEN):
        runs.append([])
    for run in runs:
        await events.send(_delta_chunk(chat, index, run, last=ended and run is runs[-1]))


def _visible_runs(step: Sequence[Token]) -> list[list[Token]]:
    """The tokens of a step by what they add to: reasoning, text, a call's name, a call's arguments."""
    grouped = groupby(step, lambda token: (token.channel, token.call, bool(token.name)))
    return [list(run) for (channel, _, _), run in grouped if channel != HIDDEN]


def _delta_chunk(chat: Chat, index: int, run: Sequence[Token], *, last: bool) -> dict[str, Any]:
    job = chat.jobs[index]
    choice: dict[str, Any] = {
        "index": index,
        "delta": delta_body(job, run),
        "logprobs": logprobs_body(run, chat.logprobs) if run else None,
        "finish_reason": chat.finish_reason(job) if last else None,
    }
    if last:
        choice["stop_reason"] = job.stop_reason
    chunk = _chunk(chat, [choice | {"token_ids": None}])
    if chat.continuous_usage:
        chunk["usage"] = usage_body(chat.state, chat.usage(), streamed=True, details=False)
    if last and not chat.wants_usage:
        chunk["system_fingerprint"] = chat.state.settings.fingerprint
    return chunk


def _chunk(chat: Chat, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": chat.id,
        "object": "chat.completion.chunk",
        "created": chat.created,
        "model": chat.model,
        "choices": choices,
    }


def _usage_chunk(chat: Chat) -> dict[str, Any]:
    chunk = _chunk(chat, []) | {"usage": usage_body(chat.state, chat.usage(), streamed=True)}
    return chunk | {"system_fingerprint": chat.state.settings.fingerprint}

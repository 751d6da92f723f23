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
    TOOL,
    Job,
    Token,
    Usage,
    calls_of,
    text_of,
    usage_of,
)
from sandbox.engine.plan import MAX_LOGPROBS, plan_chat, read_limits
from sandbox.engine.routes.reading import read_chat
from sandbox.engine.routes.state import State, new_id, run_all, run_streamed, state_of
from sandbox.engine.routes.wire import Events, answer, check_integers, check_list, read_body
from sandbox.engine.tokens import token_id

NULL_TAIL = {
    "prompt_logprobs": None,
    "prompt_token_ids": None,
    "prompt_text": None,
    "kv_transfer_params": None,
    "ec_transfer_params": None,
    "metrics": None,
}


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
    done = await run_all(state.engine, chat.jobs)
    return answer(_whole(chat, done))


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


def _whole(chat: Chat, done: Sequence[Sequence[Token]]) -> dict[str, Any]:
    usage = usage_of(chat.jobs, [token for tokens in done for token in tokens])
    choices = [_choice(chat, index, tokens) for index, tokens in enumerate(done)]
    return {
        "id": chat.id,
        "object": "chat.completion",
        "created": chat.created,
        "model": chat.model,
        "choices": choices,
        "service_tier": None,
        "system_fingerprint": chat.state.settings.fingerprint,
        "usage": usage_body(chat.state, usage, streamed=False),
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
    options = chat.body.get("stream_options") or {}
    wants_usage = bool(options.get("include_usage")) or chat.state.settings.force_usage
    done: list[list[Token]] = [[] for _ in chat.jobs]
    opened = False
    try:
        async with aclosing(run_streamed(chat.state.engine, chat.jobs)) as steps:
            async for index, step in steps:
                if not opened:
                    await _send_roles(events, chat)
                    opened = True
                done[index].extend(step)
                await _send_step(events, chat, index, step, done, wants_usage=wants_usage)
        if wants_usage:
            await events.send(_usage_chunk(chat, done))
    except EngineDeadError as error:
        await events.send_text(json.dumps(ApiError(500, str(error), kind="InternalServerError").body()))
    await events.send_text("[DONE]")
    return await events.close()


async def _send_roles(events: Events, chat: Chat) -> None:
    for index in range(len(chat.jobs)):
        delta = {"role": "assistant", "content": ""}
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": None}
        chunk = _chunk(chat, [choice]) | {"prompt_token_ids": None, "prompt_text": None}
        if _continuous(chat):
            chunk["usage"] = usage_body(chat.state, usage_of(chat.jobs, []), streamed=True, details=False)
        await events.send(chunk)


async def _send_step(
    events: Events,
    chat: Chat,
    index: int,
    step: Sequence[Token],
    done: list[list[Token]],
    *,
    wants_usage: bool,
) -> None:
    """One chunk per channel in the step; the last one of the choice carries why it ended."""
    job = chat.jobs[index]
    ended = len(done[index]) >= len(job.output)
    runs = [list(run) for _, run in groupby(step, _place)]
    visible = [run for run in runs if run[0].channel != HIDDEN]
    if ended and (not visible or step[-1].channel == HIDDEN):
        visible.append([])
    for run in visible:
        last = ended and run is visible[-1]
        choice: dict[str, Any] = {
            "index": index,
            "delta": _delta(job, run),
            "logprobs": logprobs_body(run, chat.logprobs) if run else None,
            "finish_reason": chat.finish_reason(job) if last else None,
        }
        if last:
            choice["stop_reason"] = job.stop_reason
        choice["token_ids"] = None
        chunk = _chunk(chat, [choice])
        if _continuous(chat):
            usage = usage_of(chat.jobs, [token for tokens in done for token in tokens])
            chunk["usage"] = usage_body(chat.state, usage, streamed=True, details=False)
        if last and not wants_usage:
            chunk["system_fingerprint"] = chat.state.settings.fingerprint
        await events.send(chunk)


def _place(token: Token) -> tuple[str, int, bool]:
    return token.channel, token.call, bool(token.name)


def _delta(job: Job, run: Sequence[Token]) -> dict[str, Any]:
    if not run:
        return {}
    first, text = run[0], "".join(token.text for token in run)
    if first.channel != TOOL:
        return {first.channel: text}
    if first.name:
        call = {"id": job.tool_ids[first.call], "type": "function", "index": first.call}
        return {"tool_calls": [call | {"function": {"name": first.name}}]}
    return {"tool_calls": [{"index": first.call, "function": {"arguments": text}}]}


def _chunk(chat: Chat, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": chat.id,
        "object": "chat.completion.chunk",
        "created": chat.created,
        "model": chat.model,
        "choices": choices,
    }


def _usage_chunk(chat: Chat, done: list[list[Token]]) -> dict[str, Any]:
    usage = usage_of(chat.jobs, [token for tokens in done for token in tokens])
    chunk = _chunk(chat, []) | {"usage": usage_body(chat.state, usage, streamed=True)}
    return chunk | {"system_fingerprint": chat.state.settings.fingerprint}


def _continuous(chat: Chat) -> bool:
    return bool((chat.body.get("stream_options") or {}).get("continuous_usage_stats"))


def usage_body(state: State, usage: Usage, *, streamed: bool, details: bool = True) -> dict[str, Any]:
    """The usage of a chat; cached tokens only with --enable-prompt-tokens-details."""
    body: dict[str, Any] = {
        "prompt_tokens": usage.prompt,
        "total_tokens": usage.total,
        "completion_tokens": usage.completion,
    }
    cached: dict[str, Any] | None = None
    if state.settings.prompt_details and details:
        cached = {"cached_tokens": usage.cached, "created_cache_tokens": usage.created}
        if not streamed:
            cached["multimodal_tokens"] = None
    if cached or not streamed:
        body["prompt_tokens_details"] = cached
    body["completion_tokens_details"] = {"reasoning_tokens": usage.reasoning}
    return body


def logprobs_body(tokens: Sequence[Token], top: int | None) -> dict[str, Any] | None:
    """Made-up log probabilities for the visible tokens; None where none were asked for."""
    if top is None:
        return None
    shown = [token for token in tokens if token.channel != HIDDEN]
    return {"content": [_logprob(token.text, top) for token in shown]}


def _logprob(text: str, top: int) -> dict[str, Any]:
    entries = [_entry(text, -(token_id(text) % 500) / 10_000)]
    entries += [_entry(f" other{rank}", -8.0 - rank) for rank in range(1, top)]
    return entries[0] | {"top_logprobs": entries[:top]}


def _entry(text: str, logprob: float) -> dict[str, Any]:
    return {"token": text, "logprob": logprob, "bytes": list(text.encode())}

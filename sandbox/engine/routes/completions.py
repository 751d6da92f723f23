"""`/v1/completions`: text after a prompt, no chat template."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.engine.answers import make_answer
from sandbox.engine.conversation import Conversation, Message
from sandbox.engine.core import EngineDeadError
from sandbox.engine.errors import ApiError, bad_value
from sandbox.engine.output import CONTENT, Job, Token, text_of
from sandbox.engine.plan import answer_tokens, plan_jobs, read_limits, room_for
from sandbox.engine.routes.reading import told
from sandbox.engine.routes.state import State, new_id, run_all, run_streamed, state_of
from sandbox.engine.routes.wire import Events, answer, check_integers, read_body
from sandbox.engine.tokens import pieces

DEFAULT_TOKENS = 16


@dataclass(slots=True)
class Completion:
    """One completion request: a job per prompt and choice."""

    state: State
    body: dict[str, Any]
    model: str
    jobs: Sequence[Job]
    id: str = field(default_factory=lambda: new_id("cmpl-"))
    created: int = field(default_factory=lambda: int(time.time()))

    def head(self) -> dict[str, Any]:
        """The fields every answer and chunk begins with."""
        return {"id": self.id, "object": "text_completion", "created": self.created, "model": self.model}


async def completions(request: web.Request) -> web.StreamResponse:
    """Complete one or several prompts."""
    state = state_of(request)
    body = await read_body(request)
    check_integers(body, "max_tokens", "n", "min_tokens")
    completion = _prepare(state, body)
    if body.get("stream"):
        return await _stream(request, completion)
    done = await run_all(state.engine, completion.jobs)
    return answer(_whole(completion, done))


def _prepare(state: State, body: dict[str, Any]) -> Completion:
    prompt = body.get("prompt")
    if not prompt:
        raise bad_value("Either prompt or prompt_embeds must be provided and non-empty.", "prompt")
    model = state.model_name(body.get("model"))
    context = state.settings.max_model_len
    limits = read_limits({"max_tokens": DEFAULT_TOKENS} | body, context, "max_tokens")
    jobs = list[Job]()
    for text in _prompts(prompt):
        parts = pieces(text)
        room = room_for(parts, context)
        said = Conversation([Message("user", text)], thinking=False, parameters=told(body))
        jobs += plan_jobs(parts, answer_tokens(make_answer(said, len(parts))), limits, room)
    return Completion(state, body, model, jobs)


def _prompts(prompt: Any) -> list[str]:
    """Texts; prompts given as token numbers become as many words."""
    if isinstance(prompt, str):
        return [prompt]
    if all(isinstance(part, int) for part in prompt):
        return [" t" * len(prompt)]
    return [part if isinstance(part, str) else " t" * len(part) for part in prompt]


def _whole(completion: Completion, done: Sequence[Sequence[Token]]) -> dict[str, Any]:
    state, jobs = completion.state, completion.jobs
    choices = [_choice(completion, index, tokens) for index, tokens in enumerate(done)]
    usage = _usage(completion, sum(len(tokens) for tokens in done))
    details = None
    if state.settings.prompt_details:
        details = {
            "cached_tokens": sum(job.cached_tokens for job in jobs),
            "created_cache_tokens": None,
            "multimodal_tokens": None,
        }
    usage |= {"prompt_tokens_details": details, "completion_tokens_details": None}
    tail = {"kv_transfer_params": None, "ec_transfer_params": None, "metrics": None}
    middle = {"service_tier": None, "system_fingerprint": state.settings.fingerprint, "usage": usage}
    return completion.head() | {"choices": choices} | middle | tail


def _choice(completion: Completion, index: int, tokens: Sequence[Token]) -> dict[str, Any]:
    job = completion.jobs[index]
    echoed = "".join(job.prompt) if completion.body.get("echo") else ""
    return {
        "index": index,
        "text": echoed + text_of(tokens, CONTENT),
        "logprobs": None,
        "finish_reason": job.finish_reason,
        "stop_reason": job.stop_reason,
        "token_ids": None,
        "prompt_logprobs": None,
        "prompt_token_ids": None,
        "routed_experts": None,
    }


async def _stream(request: web.Request, completion: Completion) -> web.StreamResponse:
    events = Events(request)
    await events.open()
    counts = [0] * len(completion.jobs)
    wants_usage = bool((completion.body.get("stream_options") or {}).get("include_usage"))
    try:
        async with aclosing(run_streamed(completion.state.engine, completion.jobs)) as steps:
            async for index, step in steps:
                counts[index] += len(step)
                await events.send(_chunk(completion, index, step, counts[index], last_words=not wants_usage))
        if wants_usage:
            await events.send(_usage_chunk(completion, sum(counts)))
    except EngineDeadError as error:
        await events.send_text(json.dumps(ApiError(500, str(error), kind="InternalServerError").body()))
    await events.send_text("[DONE]")
    return await events.close()


def _chunk(
    completion: Completion, index: int, step: Sequence[Token], count: int, *, last_words: bool
) -> dict[str, Any]:
    job = completion.jobs[index]
    ended = count >= len(job.output)
    echoed = "".join(job.prompt) if completion.body.get("echo") and count == len(step) else ""
    choice = {
        "index": index,
        "text": echoed + text_of(step, CONTENT),
        "logprobs": None,
        "finish_reason": job.finish_reason if ended else None,
        "stop_reason": job.stop_reason if ended else None,
        "prompt_token_ids": None,
        "token_ids": None,
    }
    chunk = completion.head() | {"choices": [choice]}
    if ended and last_words:
        chunk["system_fingerprint"] = completion.state.settings.fingerprint
    return chunk


def _usage_chunk(completion: Completion, output_tokens: int) -> dict[str, Any]:
    usage = _usage(completion, output_tokens)
    if completion.state.settings.prompt_details:
        cached = sum(job.cached_tokens for job in completion.jobs)
        usage["prompt_tokens_details"] = {"cached_tokens": cached}
    tail = {"usage": usage, "system_fingerprint": completion.state.settings.fingerprint}
    return completion.head() | {"choices": []} | tail


def _usage(completion: Completion, output_tokens: int) -> dict[str, Any]:
    prompt = sum(len(job.prompt) for job in completion.jobs[:: completion.jobs[0].n])
    return {
        "prompt_tokens": prompt,
        "total_tokens": prompt + output_tokens,
        "completion_tokens": output_tokens,
    }

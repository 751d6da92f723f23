"""`/v1/messages` and `/v1/messages/count_tokens`: Anthropic's protocol, as vLLM speaks it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.engine.core import EngineDeadError
from sandbox.engine.output import CONTENT, REASONING, Job, Token, Usage, calls_of, text_of, usage_of
from sandbox.engine.plan import plan_chat, read_limits
from sandbox.engine.routes.anthropic_reading import read_messages
from sandbox.engine.routes.parts import Run, runs
from sandbox.engine.routes.state import State, new_id, run_all, run_streamed, state_of
from sandbox.engine.routes.wire import Events, answer, check_integers, check_list, read_body

_DELTAS = {REASONING: "thinking", CONTENT: "text"}


@dataclass(slots=True)
class Blocks:
    """The content blocks of one streamed message: which is open, and how many there were."""

    events: Events
    job: Job
    open: tuple[str, int] | None = None
    index: int = -1
    tokens: list[Token] = field(default_factory=list)

    async def write(self, run: Run) -> None:
        """Send a run, opening and closing blocks around it."""
        if run.part != self.open:
            await self.close()
            await self._start(run)
        if run.text:
            await self._send("content_block_delta", delta=_delta(run))

    async def close(self) -> None:
        """End the open block, a thinking one with its signature."""
        if self.open is None:
            return
        if self.open[0] == REASONING:
            delta = {"type": "signature_delta", "signature": secrets.token_hex(16)}
            await self._send("content_block_delta", delta=delta)
        await self._send("content_block_stop")
        self.open = None

    async def _start(self, run: Run) -> None:
        self.open, self.index = run.part, self.index + 1
        if run.channel in _DELTAS:
            kind = _DELTAS[run.channel]
            block: dict[str, Any] = {"type": kind, kind: ""}
        else:
            call = self.job.tool_ids[run.part[1]]
            block = {"type": "tool_use", "id": call, "name": run.name, "input": {}}
        await self._send("content_block_start", content_block=block)

    async def _send(self, event: str, **fields: Any) -> None:
        await self.events.send({"type": event, **fields, "index": self.index}, event)


async def messages(request: web.Request) -> web.StreamResponse:
    """Answer a conversation in Anthropic's shape."""
    state = state_of(request)
    body = await read_body(request, "model", "messages", "max_tokens")
    model, job = _prepare(state, body)
    if body.get("stream"):
        return await _stream(request, state, model, job)
    (tokens,) = await run_all(state.engine, [job])
    return answer(_whole(model, job, tokens))


async def count_tokens(request: web.Request) -> web.StreamResponse:
    """The prompt's length, without generating."""
    state = state_of(request)
    body = await read_body(request, "model", "messages")
    check_list(body, "messages")
    state.model_name(body["model"])
    count = len(read_messages(body, state.settings).prompt())
    return answer({"input_tokens": count, "context_management": {"original_input_tokens": count}})


def _prepare(state: State, body: dict[str, Any]) -> tuple[str, Job]:
    check_list(body, "messages")
    check_integers(body, "max_tokens")
    model = state.model_name(body["model"])
    context = state.settings.max_model_len
    limited: dict[str, Any] = {name: body[name] for name in ("temperature", "top_p") if name in body}
    limited |= {"max_completion_tokens": body["max_tokens"], "stop": body.get("stop_sequences")}
    limits = read_limits(limited, context, "max_completion_tokens")
    conversation = read_messages(body, state.settings)
    (job,) = plan_chat(conversation, limits, context, separate=bool(state.settings.reasoning_parser))
    return model, job


def _whole(model: str, job: Job, tokens: Sequence[Token]) -> dict[str, Any]:
    content = list[dict[str, Any]]()
    if text := text_of(tokens, REASONING):
        content.append({"type": "thinking", "thinking": text, "signature": secrets.token_hex(16)})
    if text := text_of(tokens, CONTENT):
        content.append({"type": "text", "text": text})
    for number, name, arguments in calls_of(tokens):
        call = {"type": "tool_use", "id": job.tool_ids[number], "name": name}
        content.append(call | {"input": _parsed(arguments)})
    head = {"id": new_id("chatcmpl-"), "type": "message", "role": "assistant", "content": content}
    reason, sequence = _stop_reason(job)
    end = {"model": model, "stop_reason": reason}
    if sequence is not None:
        end["stop_sequence"] = sequence
    return head | end | {"usage": _usage(usage_of([job], tokens))}


async def _stream(request: web.Request, state: State, model: str, job: Job) -> web.StreamResponse:
    events = Events(request)
    await events.open()
    blocks = Blocks(events, job)
    try:
        async with aclosing(run_streamed(state.engine, [job])) as steps:
            async for _, step in steps:
                if not blocks.tokens:
                    await events.send(_start(model, job), "message_start")
                blocks.tokens.extend(step)
                for run in runs(step):
                    await blocks.write(run)
        await blocks.close()
        await _end(events, job, blocks.tokens)
    except EngineDeadError as error:
        told = {"type": "error", "error": {"type": "internal_error", "message": str(error)}}
        await events.send(told, "error")
    return await events.close()


def _start(model: str, job: Job) -> dict[str, Any]:
    message: dict[str, Any] = {"id": new_id("chatcmpl-"), "type": "message", "role": "assistant"}
    message |= {"content": [], "model": model, "stop_reason": None, "stop_sequence": None}
    usage = {"input_tokens": len(job.prompt), "output_tokens": 0}
    return {"type": "message_start", "message": message | {"usage": usage}}


async def _end(events: Events, job: Job, tokens: Sequence[Token]) -> None:
    reason, sequence = _stop_reason(job)
    delta = {"stop_reason": reason, "stop_sequence": sequence}
    usage = _usage(usage_of([job], tokens))
    await events.send({"type": "message_delta", "delta": delta, "usage": usage}, "message_delta")
    await events.send({"type": "message_stop"}, "message_stop")


def _stop_reason(job: Job) -> tuple[str, str | None]:
    if job.finish_reason == "length":
        return "max_tokens", None
    if isinstance(job.stop_reason, str):
        return "stop_sequence", job.stop_reason
    return ("tool_use" if job.tool_ids else "end_turn"), None


def _usage(usage: Usage) -> dict[str, int]:
    """Anthropic counts cached prompt tokens apart from the input tokens."""
    return {
        "input_tokens": usage.prompt - usage.cached - usage.created,
        "output_tokens": usage.completion,
        "cache_creation_input_tokens": usage.created,
        "cache_read_input_tokens": usage.cached,
    }


def _delta(run: Run) -> dict[str, str]:
    if run.channel in _DELTAS:
        kind = _DELTAS[run.channel]
        return {"type": f"{kind}_delta", kind: run.text}
    return {"type": "input_json_delta", "partial_json": run.text}


def _parsed(arguments: str) -> Any:
    """The call's input; empty where the answer was cut off inside it."""
    try:
        return json.loads(arguments)
    except ValueError:
        return {}

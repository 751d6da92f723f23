"""`/v1/responses`: OpenAI's newer protocol, as vLLM speaks it. Nothing is stored."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.engine.core import EngineDeadError
from sandbox.engine.errors import ApiError
from sandbox.engine.output import CONTENT, REASONING, Job, Token, Usage, calls_of, text_of, usage_of
from sandbox.engine.plan import plan_chat, read_limits
from sandbox.engine.routes.responses_reading import read_responses
from sandbox.engine.routes.responses_shapes import call_item, message_item, reasoning_item
from sandbox.engine.routes.responses_stream import Items
from sandbox.engine.routes.state import State, new_id, run_all, run_streamed, state_of
from sandbox.engine.routes.wire import Events, answer, check_integers, read_body

_TOOL_NULLS = {
    "allowed_callers": None,
    "async": None,
    "defer_loading": None,
    "description": None,
    "output_schema": None,
}


@dataclass(slots=True)
class Response:
    """One response on its way."""

    state: State
    body: dict[str, Any]
    model: str
    job: Job
    id: str = field(default_factory=lambda: new_id("resp_"))
    created: int = field(default_factory=lambda: int(time.time()))

    def shape(self, output: list[dict[str, Any]], tokens: Sequence[Token] | None) -> dict[str, Any]:
        """The response object; without tokens it is still in progress."""
        cut = tokens is not None and self.job.finish_reason == "length"
        ended = "incomplete" if cut else "completed"
        told = self.body
        tools = [_tool_shape(tool) for tool in told.get("tools") or ()]
        usage = None if tokens is None else _usage(usage_of([self.job], tokens))
        return {
            "id": self.id,
            "created_at": self.created,
            "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
            "instructions": told.get("instructions"),
            "metadata": told.get("metadata"),
            "model": self.model,
            "object": "response",
            "output": output,
            "parallel_tool_calls": told.get("parallel_tool_calls", True),
            "temperature": float(told.get("temperature", 1.0)),
            "tool_choice": told.get("tool_choice") or ("auto" if tools else "none"),
            "tools": tools,
            "top_p": float(told.get("top_p", 1.0)),
            "background": False,
            "max_output_tokens": self.job.max_tokens,
            "max_tool_calls": None,
            "previous_response_id": None,
            "prompt": None,
            "reasoning": told.get("reasoning"),
            "service_tier": "auto",
            "status": "in_progress" if tokens is None else ended,
            "text": told.get("text"),
            "top_logprobs": None,
            "truncation": "disabled",
            "usage": usage,
            "user": told.get("user"),
            "presence_penalty": 0.0,
            "frequency_penalty": 0.0,
            "kv_transfer_params": None,
            "ec_transfer_params": None,
            "input_messages": None,
            "output_messages": None,
        }


async def responses(request: web.Request) -> web.StreamResponse:
    """Answer in the responses protocol."""
    state = state_of(request)
    body = await read_body(request, "input")
    check_integers(body, "max_output_tokens")
    response = _prepare(state, body)
    if body.get("stream"):
        return await _stream(request, response)
    (tokens,) = await run_all(state.engine, [response.job])
    return answer(response.shape(_output(response.job, tokens), tokens))


async def stored_response(request: web.Request) -> web.StreamResponse:
    """No response is ever stored."""
    asked = request.match_info["response_id"]
    text = f"Response with id '{asked}' not found."
    raise ApiError(404, text, kind="invalid_request_error", param="response_id")


def _prepare(state: State, body: dict[str, Any]) -> Response:
    model = state.model_name(body.get("model"))
    context = state.settings.max_model_len
    conversation = read_responses(body, state.settings)
    limits = read_limits(body, context, "max_output_tokens")
    (job,) = plan_chat(conversation, limits, context, separate=bool(state.settings.reasoning_parser))
    return Response(state, body, model, job)


def _output(job: Job, tokens: Sequence[Token]) -> list[dict[str, Any]]:
    output = list[dict[str, Any]]()
    if text := text_of(tokens, REASONING):
        output.append(reasoning_item(new_id("rs_"), text, None))
    if text := text_of(tokens, CONTENT):
        output.append(message_item(new_id("msg_"), text))
    for number, name, arguments in calls_of(tokens):
        output.append(call_item(new_id("fc_"), job.tool_ids[number], name, arguments, "completed"))
    return output


async def _stream(request: web.Request, response: Response) -> web.StreamResponse:
    events = Events(request)
    await events.open()
    items = Items(events, response.job)
    try:
        for event in ("response.created", "response.in_progress"):
            await items.send(event, {"response": response.shape([], None)})
        tokens = list[Token]()
        async with aclosing(run_streamed(response.state.engine, [response.job])) as steps:
            async for _, step in steps:
                tokens.extend(step)
                await items.write(step)
        await items.close()
        await items.send("response.completed", {"response": response.shape(items.output, tokens)})
    except EngineDeadError as error:
        await items.send("error", {"code": "500", "message": str(error), "param": None})
    return await events.close()


def _tool_shape(tool: dict[str, Any]) -> dict[str, Any]:
    known = {name: tool.get(name) for name in ("name", "parameters", "strict", "type")}
    return known | _TOOL_NULLS | {"description": tool.get("description")}


def _usage(usage: Usage) -> dict[str, Any]:
    read = {"cached_tokens": usage.cached, "cache_write_tokens": 0}
    written = {"reasoning_tokens": usage.reasoning, "tool_output_tokens": 0}
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": read | {"input_tokens_per_turn": [], "cached_tokens_per_turn": []},
        "output_tokens": usage.completion,
        "output_tokens_details": written | {"output_tokens_per_turn": [], "tool_output_tokens_per_turn": []},
        "total_tokens": usage.total,
    }

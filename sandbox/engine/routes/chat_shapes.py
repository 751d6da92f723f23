"""The shapes of chat completions: usage, log probabilities, deltas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.engine.output import HIDDEN, TOOL, Job, Token, Usage
from sandbox.engine.routes.state import State
from sandbox.engine.tokens import token_id

NULL_TAIL = {
    "prompt_logprobs": None,
    "prompt_token_ids": None,
    "prompt_text": None,
    "kv_transfer_params": None,
    "ec_transfer_params": None,
    "metrics": None,
}


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


def delta_body(job: Job, run: Sequence[Token]) -> dict[str, Any]:
    """What a run of tokens of one channel adds to the message; nothing for the end."""
    if not run:
        return {}
    first, text = run[0], "".join(token.text for token in run)
    if first.channel != TOOL:
        return {first.channel: text}
    if first.name:
        call = {"id": job.tool_ids[first.call], "type": "function", "index": first.call}
        return {"tool_calls": [call | {"function": {"name": first.name}}]}
    return {"tool_calls": [{"index": first.call, "function": {"arguments": text}}]}


def _logprob(text: str, top: int) -> dict[str, Any]:
    entries = [_entry(text, -(token_id(text) % 500) / 10_000)]
    entries += [_entry(f" other{rank}", -8.0 - rank) for rank in range(1, top)]
    return entries[0] | {"top_logprobs": entries[:top]}


def _entry(text: str, logprob: float) -> dict[str, Any]:
    return {"token": text, "logprob": logprob, "bytes": list(text.encode())}

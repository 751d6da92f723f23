"""What every engine would refuse, found before a wake is paid for it.

Only what vLLM is known to refuse (tests/contracts/engine/test_refusals.py holds it to that), and only while
the server is not lit: once it is, the engine judges by itself, and knows more.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from deployments.public import Route

from .paths import Endpoint
from .problems import Problem
from .question import Question

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
COMPLETIONS, RESPONSES = "/v1/completions", "/v1/responses"

# No vocabulary has longer tokens (the longest are runs of 128 spaces): fewer tokens a text cannot have.
_LONGEST_TOKEN_BYTES = 256
_LIMITS = {CHAT: ("max_completion_tokens", "max_tokens"), MESSAGES: ("max_tokens",)}


def check_hope(endpoint: Endpoint, question: Question, route: Route) -> None:
    """Problem 400 where the engine of `route` is certain to refuse this question; nothing has been lit."""
    fields: dict[str, Any] = json.loads(question.body)
    if endpoint.path == COMPLETIONS:
        _check_prompt(fields)
    if endpoint.path == RESPONSES:
        _check_input(fields)
    if endpoint.path not in _LIMITS:
        return
    _check_messages(endpoint.path, fields)
    _check_limit(endpoint.path, fields, route)
    _check_length(fields, route)


def _check_messages(path: str, fields: Mapping[str, Any]) -> None:
    messages = fields.get("messages")
    if not isinstance(messages, list):
        raise _hopeless("The field `messages` has to be a list.", "messages")
    if not messages and not (path == MESSAGES and fields.get("system")):
        raise _hopeless("The field `messages` is empty: send one at least.", "messages")


def _check_prompt(fields: Mapping[str, Any]) -> None:
    """Without one, or with an empty one; `prompt_embeds` stand in its place."""
    if not fields.get("prompt") and fields.get("prompt_embeds") is None:
        raise _hopeless("The field `prompt` is missing or empty: say what is to be completed.", "prompt")


def _check_input(fields: Mapping[str, Any]) -> None:
    if not isinstance(fields.get("input"), str | list):
        raise _hopeless("The field `input` has to be a text or a list.", "input")


def _check_limit(path: str, fields: Mapping[str, Any], route: Route) -> None:
    name = next((name for name in _LIMITS[path] if fields.get(name) is not None), None)
    if name is None:
        if path == MESSAGES:
            raise _hopeless("Name the most tokens of the answer in `max_tokens`.", "max_tokens")
        return
    limit = fields[name]
    if type(limit) is not int:  # what else becomes a number is the engine's to say
        return
    if limit < 1:
        raise _hopeless(f"{name} is {limit}; ask for 1 at least.", name)
    if route.max_model_len is not None and limit > route.max_model_len:
        most = f"{route.slug} has room for {route.max_model_len} tokens, question and answer together"
        raise _hopeless(f"{name} is {limit}, but {most}. Ask for fewer.", name)


def _check_length(fields: Mapping[str, Any], route: Route) -> None:
    if route.max_model_len is None or fields.get("truncate_prompt_tokens") is not None:
        return
    size = sum(len(text.encode("utf-8", "surrogatepass")) for text in _asked(fields["messages"]))
    if size > route.max_model_len * _LONGEST_TOKEN_BYTES:
        most = f"{route.slug} has room for {route.max_model_len} tokens"
        raise _hopeless(f"The messages have {size} bytes of text, and {most}. Send less.", "messages")


def _asked(messages: list[Any]) -> Iterator[str]:
    """What people wrote. Templates leave parts of answers out, so those are not counted."""
    for message in messages:
        if not isinstance(message, dict) or message.get("role") != "user":
            continue
        content = message.get("content")
        if isinstance(content, str):
            yield content
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict) and isinstance(part.get("text"), str):
                yield part["text"]


def _hopeless(message: str, param: str) -> Problem:
    return Problem(400, "invalid_body", f"{message} Nothing was lit for it.", param=param)

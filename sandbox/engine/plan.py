"""From a conversation and its limits to the jobs the engine runs."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.engine.answers import Answer, make_answer
from sandbox.engine.conversation import Conversation
from sandbox.engine.errors import ApiError, bad_value
from sandbox.engine.output import CONTENT, HIDDEN, REASONING, TOOL, Job, Token
from sandbox.engine.tokens import pieces

# The token at which the tiny model and GLM end a turn: <|user|>.
END_OF_TURN = 4
MAX_LOGPROBS = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be generated, and what ends it early."""

    max_tokens: int
    stop: tuple[str, ...] = ()
    ignore_end: bool = False
    n: int = 1


def plan_chat(
    conversation: Conversation, limits: Limits, context: int, *, separate: bool = True
) -> list[Job]:
    """One job per choice. Raises ApiError where the prompt does not fit the context.

    `separate`: a reasoning parser takes the reasoning apart; without one it is part of the text.
    """
    prompt = conversation.prompt()
    room = room_for(prompt, context)
    answer = _answer(conversation)
    return plan_jobs(prompt, answer_tokens(answer, separate=separate), limits, room)


def _answer(conversation: Conversation) -> Answer:
    """The answer, or what is left of it after the part that is to go on. Nothing is thought again."""
    before = conversation.before_answer
    answer = make_answer(before, len(before.prompt()))
    if not conversation.continues:
        return answer
    said = conversation.said_so_far
    rest = answer.content.removeprefix(said)
    return Answer("", rest if answer.content.startswith(said) else f"\n\n{rest}")


def plan_jobs(prompt: Sequence[str], tokens: list[Token], limits: Limits, room: int) -> list[Job]:
    """Cut the tokens to what fits and is asked for; the same for every choice."""
    allowed = min(limits.max_tokens, room)
    tokens, stopped_at = _cut_at_stop(tokens, limits.stop)
    if limits.ignore_end and stopped_at is None:
        tokens = _repeated(tokens[:-1], allowed)
    reason = "stop" if len(tokens) <= allowed else "length"
    if limits.ignore_end and stopped_at is None:
        reason = "length"
    end = (stopped_at or END_OF_TURN) if reason == "stop" else None
    return [
        Job(prompt, tokens[:allowed], reason, end, allowed, limits.n, tool_ids=_tool_ids(tokens[:allowed]))
        for _ in range(limits.n)
    ]


def room_for(prompt: Sequence[str], context: int) -> int:
    """Tokens that may follow this prompt. Raises ApiError where there is no room for any."""
    if len(prompt) < context:
        return context - len(prompt)
    raise bad_value(
        f"This model's maximum context length is {context} tokens. However, your prompt contains at least "
        f"{context + 1} input tokens, which exceeds this limit even without any output tokens. "
        "Please reduce the length of the input prompt.",
        "input_tokens",
        context + 1,
    )


def answer_tokens(answer: Answer, *, separate: bool = True) -> list[Token]:
    """The answer in the order a model generates it: reasoning, its end, text, calls, end of turn."""
    channel = REASONING if separate else CONTENT
    tokens = [Token(channel, piece) for piece in pieces(answer.reasoning)]
    if answer.reasoning:
        tokens.append(Token(HIDDEN, "") if separate else Token(CONTENT, "</think>"))
    tokens += [Token(CONTENT, piece) for piece in pieces(answer.content)]
    for index, (name, arguments) in enumerate(answer.calls):
        tokens.append(Token(HIDDEN, ""))
        tokens.append(Token(TOOL, "", index, name))
        tokens += [Token(TOOL, piece, index) for piece in pieces(arguments)]
        tokens.append(Token(HIDDEN, ""))
    return [*tokens, Token(HIDDEN, "")]


def read_limits(body: Mapping[str, Any], context: int, *names: str) -> Limits:
    """Limits from a request body; the first of `names` that is present bounds the answer.

    Raises ApiError for values that the real one refuses.
    """
    name = next((name for name in names if body.get(name) is not None), None)
    limit = int(body[name]) if name else context
    if name and limit < 1:
        raise bad_value(f"{name} must be at least 1, got {limit}.", name, limit)
    if name and limit > context:
        text = f"{name}={limit} cannot be greater than max_model_len={context}."
        raise bad_value(f"{text} Please request fewer output tokens.", name, limit)
    _check_sampling(body)
    minimum = int(body.get("min_tokens") or 0)
    if minimum > limit:
        raise ApiError(400, f"min_tokens must be less than or equal to max_tokens={limit}, got {minimum}.")
    stop = body.get("stop") or ()
    stops = (stop,) if isinstance(stop, str) else tuple(stop)
    return Limits(limit, stops, bool(body.get("ignore_eos")), _choices(body))


def _choices(body: Mapping[str, Any]) -> int:
    n = body.get("n")
    n = 1 if n is None else int(n)
    if n < 1:
        raise ApiError(400, f"n must be at least 1, got {n}.")
    if n > 1 and body.get("temperature") is not None and float(body["temperature"]) == 0:
        raise ApiError(400, f"n must be 1 when using greedy sampling, got {n}.")
    return n


def _check_sampling(body: Mapping[str, Any]) -> None:
    temperature, top_p = body.get("temperature"), body.get("top_p")
    if temperature is not None and float(temperature) < 0:
        value = float(temperature)
        raise bad_value(f"temperature must be non-negative, got {value}.", "temperature", value)
    if temperature is not None and float(temperature) > 2:
        value = float(temperature)
        raise bad_value(f"temperature must be in [0, 2], got {value}.", "temperature", value)
    if top_p is not None and not 0 < float(top_p) <= 1:
        raise bad_value(f"top_p must be in (0, 1], got {float(top_p)}.", "top_p", float(top_p))


def _cut_at_stop(tokens: list[Token], stops: Sequence[str]) -> tuple[list[Token], str | None]:
    """Up to the first stop text in reasoning or content, which is itself left out."""
    text = ""
    for index, token in enumerate(tokens):
        text += token.text if token.channel in (REASONING, CONTENT) else ""
        for stop in stops:
            place = text.find(stop)
            if stop and place >= 0:
                return _without_tail(tokens[: index + 1], len(text) - place), stop
    return tokens, None


def _without_tail(tokens: list[Token], surplus: int) -> list[Token]:
    """Take so many characters off the end; the tokens stay counted."""
    kept = list(tokens)
    for index in range(len(kept) - 1, -1, -1):
        if surplus <= 0:
            break
        token = kept[index]
        cut = min(surplus, len(token.text))
        kept[index] = Token(token.channel, token.text[: len(token.text) - cut], token.call, token.name)
        surplus -= cut
    return kept


def _repeated(tokens: list[Token], count: int) -> list[Token]:
    """At least one more token than `count`: what a model does that may not end."""
    filler = [Token(CONTENT, " and"), Token(CONTENT, " so"), Token(CONTENT, " on")]
    return tokens + filler * (max(0, count - len(tokens)) // len(filler) + 1)


def _tool_ids(tokens: Sequence[Token]) -> dict[int, str]:
    return {token.call: f"chatcmpl-tool-{secrets.token_hex(8)}" for token in tokens if token.name}

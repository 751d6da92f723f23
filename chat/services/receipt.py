"""The numbers of one reply, each with how it was come by."""

from dataclasses import dataclass
from decimal import Decimal

from chat.models import Message


@dataclass(frozen=True, slots=True)
class Figure:
    """One number; `value` None where nobody knows it. `how` is one sentence for people."""

    value: float | int | Decimal | None
    how: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """Seconds, tokens, tokens per second and USD of one reply."""

    waited_s: Figure
    ttft_s: Figure
    thinking_s: Figure
    tokens_per_s: Figure
    prompt_tokens: Figure
    cached_tokens: Figure
    reasoning_tokens: Figure
    answer_tokens: Figure
    cost_usd: Figure


_COST = (
    "Estimate: the seconds from forwarding to the end, at the server's price, shared evenly with the other "
    "requests it worked on meanwhile (looked at every second). Warm-up and idle time are not in it."
)


def receipt(message: Message) -> Receipt:
    """What is known of the reply so far. Pure: reads the row alone."""
    return Receipt(
        waited_s=Figure(message.waited_s, "Seconds the gateway held the question until the server was up."),
        ttft_s=Figure(_ttft_s(message), "From asking to the first token, without the time of a cold start."),
        thinking_s=Figure(_thinking_s(message), "From the first token to the end of the reasoning."),
        tokens_per_s=Figure(
            _tokens_per_s(message), "Tokens after the first one, by the seconds in which they came."
        ),
        prompt_tokens=Figure(message.prompt_tokens, "Counted by the engine: the question and all before it."),
        cached_tokens=Figure(message.cached_tokens, "Of these, found in the engine's cache."),
        reasoning_tokens=Figure(message.reasoning_tokens, "Counted by the engine."),
        answer_tokens=Figure(_answer_tokens(message), "Counted by the engine, less the reasoning."),
        cost_usd=Figure(message.cost_usd, _COST),
    )


def _ttft_s(message: Message) -> float | None:
    if message.first_token_at is None or message.started_at is None:
        return None
    return max(0.0, (message.first_token_at - message.started_at).total_seconds() - message.waited_s)


def _thinking_s(message: Message) -> float | None:
    if message.first_token_at is None or message.reasoning_ended_at is None:
        return None
    return max(0.0, (message.reasoning_ended_at - message.first_token_at).total_seconds())


def _tokens_per_s(message: Message) -> float | None:
    count = message.completion_tokens
    if not count or count < 2 or message.written_s <= 0:
        return None
    return (count - 1) / message.written_s


def _answer_tokens(message: Message) -> int | None:
    uncounted = bool(message.reasoning) and message.reasoning_tokens is None
    if message.completion_tokens is None or uncounted:
        return None
    return max(0, message.completion_tokens - (message.reasoning_tokens or 0))

"""What one request generates: tokens by channel, the usage they add up to, and why they end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

REASONING, CONTENT, TOOL, HIDDEN = "reasoning", "content", "tool", "hidden"


@dataclass(frozen=True, slots=True)
class Token:
    """One generated token. Hidden ones (end of thinking, end of text) are counted but never shown.

    A tool token with a `name` opens the call number `call`; the others carry its arguments' text.
    """

    channel: str
    text: str
    call: int = 0
    name: str = ""


@dataclass(slots=True)
class Job:
    """One sequence for the engine to run."""

    prompt: Sequence[str]
    output: Sequence[Token]
    finish_reason: str  # stop or length, as the engine counts it
    stop_reason: str | int | None
    max_tokens: int
    n: int = 1
    cached_tokens: int = 0
    created_tokens: int = 0
    tool_ids: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of a request."""

    prompt: int
    completion: int
    reasoning: int
    cached: int
    created: int

    @property
    def total(self) -> int:
        """Prompt and completion together."""
        return self.prompt + self.completion


def usage_of(jobs: Sequence[Job], done: Sequence[Token]) -> Usage:
    """The usage of a request whose choices are `jobs` and which has generated `done` in all."""
    first = jobs[0]
    return Usage(
        prompt=len(first.prompt),
        completion=len(done),
        reasoning=sum(token.channel == REASONING for token in done),
        cached=first.cached_tokens,
        created=first.created_tokens,
    )


def text_of(tokens: Sequence[Token], channel: str) -> str:
    """The text of one channel."""
    return "".join(token.text for token in tokens if token.channel == channel)


def calls_of(tokens: Sequence[Token]) -> list[tuple[int, str, str]]:
    """The tool calls as (number, name, arguments text)."""
    opened = [token for token in tokens if token.channel == TOOL and token.name]
    return [
        (
            opening.call,
            opening.name,
            "".join(t.text for t in tokens if t.channel == TOOL and t.call == opening.call and not t.name),
        )
        for opening in opened
    ]

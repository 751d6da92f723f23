"""One chunk of a streamed chat completion, read from plain JSON."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# PostgreSQL holds no NUL in text, and no database half of a surrogate pair, which JSON may carry.
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
_MOST_TOKENS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class CallPart:
    """A piece of the tool call number `index`."""

    index: int
    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the engine counted them; None where it named none."""

    prompt: int | None = None
    cached: int | None = None
    completion: int | None = None
    reasoning: int | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """What a chunk adds."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[CallPart, ...] = ()
    finish_reason: str = ""
    usage: Mapping[str, Any] | None = None  # as it came: of many, only the last is read
    model: str = ""

    @property
    def says_something(self) -> bool:
        """True where a person would see it."""
        return bool(self.text or self.reasoning or self.calls)


@dataclass(slots=True)
class Calls:
    """Tool calls as they come together from their pieces."""

    parts: dict[int, dict[str, str]] = field(default_factory=dict)

    def take(self, part: CallPart) -> None:
        """Add a piece: id and name come once, arguments bit by bit."""
        call = self.parts.setdefault(part.index, {"id": "", "name": "", "arguments": ""})
        call["id"] = call["id"] or part.id
        call["name"] = call["name"] or part.name
        call["arguments"] += part.arguments

    def rows(self) -> list[dict[str, str]]:
        """In the order of their index."""
        return [dict(self.parts[index]) for index in sorted(self.parts)]


def read_chunk(data: Any) -> Chunk:
    """The chunk in `data`; whatever has another shape adds nothing.

    Engines call the field `reasoning` (vLLM since early 2026) or `reasoning_content` (before, and SGLang).
    """
    if not isinstance(data, Mapping):
        return Chunk()
    usage = _object(data.get("usage"))
    choice = _object(next(iter(_list(data.get("choices"))), None))
    delta = _object(choice.get("delta"))
    return Chunk(
        text=_text(delta.get("content")),
        reasoning=_text(delta.get("reasoning")) or _text(delta.get("reasoning_content")),
        calls=tuple(_call(part) for part in _list(delta.get("tool_calls")) if isinstance(part, Mapping)),
        finish_reason=_text(choice.get("finish_reason")),
        usage=usage or None,
        model=_text(data.get("model")),
    )


def writable(text: str) -> str:
    """The text as every database and every stream can hold it."""
    return _UNWRITABLE.sub("\ufffd", text)


def _text(value: Any) -> str:
    return writable(value) if isinstance(value, str) else ""


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _call(part: Mapping[str, Any]) -> CallPart:
    function = _object(part.get("function"))
    return CallPart(
        index=_count(part.get("index")) or 0,
        id=_text(part.get("id")),
        name=_text(function.get("name")),
        arguments=_text(function.get("arguments")),
    )


def read_usage(usage: Mapping[str, Any]) -> Usage:
    """The counts in a `usage` object; vLLM's running ones have no details."""
    return Usage(
        prompt=_count(usage.get("prompt_tokens")),
        cached=_count(_object(usage.get("prompt_tokens_details")).get("cached_tokens")),
        completion=_count(usage.get("completion_tokens")),
        reasoning=_count(_object(usage.get("completion_tokens_details")).get("reasoning_tokens")),
    )


def _count(value: Any) -> int | None:
    """A number of tokens that a row can hold; None for anything else."""
    known = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_TOKENS
    return value if known else None

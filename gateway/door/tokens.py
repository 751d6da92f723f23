"""Reading what the engine counted, once per answer, from the ends of its bytes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# A usage object is a few hundred bytes; the event around it, and `[DONE]`, fit beside it.
TAIL_BYTES = 4096
HEAD_BYTES = 2048
_CANDIDATES = 4
_MOST = 2**31 - 1
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token counts by the engine; None where it named none."""

    prompt: int | None = None
    cached: int | None = None
    completion: int | None = None
    reasoning: int | None = None


def read_tokens(head: bytes, tail: bytes) -> Tokens:
    """The counts of the last usage object in `tail`, completed by that of `head`.

    OpenAI's and Anthropic's names are understood. Anthropic's streams name the prompt at their beginning.
    """
    last, first = _last_usage(tail), _last_usage(head[:HEAD_BYTES])
    return Tokens(
        prompt=_either(last, first, ("prompt_tokens",), ("input_tokens",)),
        cached=_either(
            last,
            first,
            ("prompt_tokens_details", "cached_tokens"),
            ("input_tokens_details", "cached_tokens"),
            ("cache_read_input_tokens",),
        ),
        completion=_either(last, first, ("completion_tokens",), ("output_tokens",)),
        reasoning=_either(
            last,
            first,
            ("completion_tokens_details", "reasoning_tokens"),
            ("output_tokens_details", "reasoning_tokens"),
        ),
    )


def _last_usage(data: bytes) -> Mapping[str, Any]:
    end = len(data)
    for _ in range(_CANDIDATES):
        at = data.rfind(b'"usage"', 0, end)
        if at < 0:
            break
        usage = _object_after(data, at)
        if any(name.endswith("_tokens") for name in usage):
            return usage
        end = at
    return {}


def _object_after(data: bytes, at: int) -> Mapping[str, Any]:
    at += len(b'"usage"')
    text = data[at : at + TAIL_BYTES].decode("utf-8", "replace").lstrip(" :\t\r\n")
    if not text.startswith("{"):
        return {}
    try:
        value, _ = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _either(last: Mapping[str, Any], first: Mapping[str, Any], *paths: tuple[str, ...]) -> int | None:
    counts = (_count(usage, path) for usage in (last, first) for path in paths)
    return next((count for count in counts if count is not None), None)


def _count(usage: Mapping[str, Any], path: tuple[str, ...]) -> int | None:
    value: Any = usage
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= _MOST else None

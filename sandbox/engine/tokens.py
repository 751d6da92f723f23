"""The stand-in's own tokens: pieces of words, deterministic, reversible by joining them."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

VOCABULARY = 151_552
# GLM's markers are one token each; words are cut into pieces of up to six letters, with their space.
_PIECES = re.compile(
    r"\[gMASK\]|<sop>|<\|\w+\|>|</?(?:think|tool_call|arg_key|arg_value)>"
    r"| ?[^\W\d_]{1,6}| ?\d{1,3}|\n+| {2,16}| ?[^\w\s]|\s|_",
    re.UNICODE,
)


def pieces(text: str) -> list[str]:
    """The tokens of a text as strings. Joined they give the text again."""
    return _PIECES.findall(text)


def token_id(piece: str) -> int:
    """A stable number for a piece."""
    return zlib.crc32(piece.encode()) % VOCABULARY


def token_ids(parts: Sequence[str]) -> list[int]:
    """Stable numbers for the pieces."""
    return [token_id(part) for part in parts]

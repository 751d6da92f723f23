"""Characters that must not reach a page as they are: those that reorder text, and controls."""

import re

# Embeddings, overrides and isolates reorder what a reader sees (CVE-2021-42574); marks (200E, 200F) do not.
_BIDI = "\u061c\u202a-\u202e\u2066-\u2069"
_CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_SURROGATES = "\ud800-\udfff"
_ODD = re.compile(f"[{_BIDI}{_CONTROLS}{_SURROGATES}]|\r\n?")
_VISIBLE = re.compile(f"[{_BIDI}]")


def plain(text: str) -> str:
    """The text with \\n as line end, controls as U+FFFD, bidirectional controls spelled out: ‹U+202E›."""
    return _ODD.sub(_spelled, text)


def _spelled(found: re.Match[str]) -> str:
    character = found[0]
    if character[0] == "\r":
        return "\n"
    return f"‹U+{ord(character):04X}›" if _VISIBLE.match(character) else "\ufffd"

"""The receipt of a reply, in words."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chat.models import Message
from chat.services.receipt import receipt
from deployments.pages import words


@dataclass(frozen=True, slots=True)
class Said:
    """One figure in words, and how it was come by."""

    text: str
    how: str


_WORDS: tuple[tuple[str, Callable[[Any], str]], ...] = (
    ("waited_s", lambda s: f"waited {words.duration(s)}" if s >= 1 else ""),
    ("ttft_s", lambda s: f"first token {s:.2f} s" if s < 1 else f"first token {words.duration(s)}"),
    ("tokens_per_s", lambda rate: f"{rate:.0f} tok/s"),
    ("prompt_tokens", lambda n: f"{n:,} in"),
    ("cached_tokens", lambda n: f"{n:,} cached" if n else ""),
    ("reasoning_tokens", lambda n: f"{n:,} thinking" if n else ""),
    ("answer_tokens", lambda n: f"{n:,} out"),
    ("cost_usd", lambda usd: words.about_money(usd) if usd else ""),
)


def figures(message: Message) -> list[Said]:
    """What is known, in the order in which it happened; what is not known is left out."""
    known = receipt(message)
    said = []
    for name, word in _WORDS:
        figure = getattr(known, name)
        text = word(figure.value) if figure.value is not None else ""
        if text:
            said.append(Said(text, figure.how))
    return said

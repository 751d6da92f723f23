"""A stream's tokens as parts: runs of one channel, or of one tool call, that open and close."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from sandbox.engine.output import HIDDEN, Token


@dataclass(frozen=True, slots=True)
class Run:
    """Tokens of one part. `name` is the tool's, on the run that opens a call."""

    part: tuple[str, int]
    name: str
    text: str

    @property
    def channel(self) -> str:
        """reasoning, content or tool."""
        return self.part[0]


def runs(step: Sequence[Token]) -> Iterator[Run]:
    """The visible tokens of one engine step, joined where they belong together."""
    visible: Iterable[Token] = (token for token in step if token.channel != HIDDEN)
    for (channel, call, _), group in groupby(visible, lambda t: (t.channel, t.call, bool(t.name))):
        tokens = list(group)
        yield Run((channel, call), tokens[0].name, "".join(token.text for token in tokens))

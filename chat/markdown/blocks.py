"""A reply while it is being written: finished blocks as HTML, the open one as text."""

from dataclasses import dataclass

from .characters import plain
from .growth import Growth
from .lines import Blocks, Place
from .rendering import render_plain


@dataclass(frozen=True, slots=True)
class Finished:
    """Block `n` as safe HTML; it replaces whatever was shown of block `n`.

    A long list or table is said several times while it grows; what is still open of it follows as `Open`.
    """

    n: int
    html: str


@dataclass(frozen=True, slots=True)
class Open:
    """Text of the open block `n`, never HTML: appended to the text shown, or in its place (`reset`)."""

    n: int
    text: str
    reset: bool


Piece = Finished | Open


class BlockSplitter:
    """Takes a reply in pieces of any size. Every character is looked at a bounded number of times.

    The finished blocks, one after another, are what `render` makes of the whole text; only links whose
    reference is defined in another block differ. Not for several threads at once.
    """

    def __init__(self) -> None:
        self._blocks = Blocks()
        self._n = 0
        self._lines: list[str] = []  # complete lines of the open block
        self._partial: list[str] = []  # the line that is being written
        self._held = ""  # a \r whose \n may come
        self._growth = Growth()

    def feed(self, text: str) -> list[Piece]:
        """Take more of the reply; say what changed."""
        text, self._held = self._held + text, ""
        if text.endswith("\r"):
            text, self._held = text[:-1], "\r"
        text = plain(text)
        if not text:
            return []
        pieces: list[Piece] = []
        *complete, rest = text.split("\n")
        for line in complete:
            self._line("".join([*self._partial, line]), pieces)
            self._partial.clear()
        if rest:
            self._partial.append(rest)
        self._grown(pieces)
        if not (self._lines or self._partial):
            return pieces
        if not pieces:
            return [Open(self._n, text, reset=False)]
        rest = self._open_text()
        return [*pieces, Open(self._n, rest, reset=True)] if rest else pieces

    def finish(self) -> list[Piece]:
        """The reply is over: its last block."""
        pieces: list[Piece] = []
        if self._held:
            self._partial.append("\n")
        if self._partial:
            self._lines.append("".join(self._partial))
        self._end(pieces)
        self._partial, self._held = [], ""
        return pieces

    def _line(self, line: str, pieces: list[Piece]) -> None:
        place = self._blocks.place(line)
        if place in (Place.BEFORE, Place.ALONE, Place.BLANK):
            self._end(pieces)
        if place is not Place.BLANK:
            self._lines.append(line + "\n")
        if place in (Place.LAST, Place.ALONE):
            self._end(pieces)

    def _end(self, pieces: list[Piece]) -> None:
        html = render_plain("".join(self._lines)) if self._lines else ""
        self._lines = []
        self._growth = Growth()
        if html:
            pieces.append(Finished(self._n, html))
            self._n += 1

    def _grown(self, pieces: list[Piece]) -> None:
        """A list or table is shown as one before it is over, at every growth by half: linear in all."""
        whole = self._growth.whole_lines(self._blocks.kind, self._lines)
        if whole:
            pieces.append(Finished(self._n, render_plain("".join(self._lines[:whole]))))

    def _open_text(self) -> str:
        return "".join([*self._lines[self._growth.shown :], *self._partial])

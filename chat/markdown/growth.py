"""Lists and tables that are still growing: how much of one can be shown as HTML already."""

import re

from .lines import Kind, begins_item

_DELIMITER = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$")
_LEAST = 160  # characters of growth worth rendering for
_MOST = 20_000  # one rendering of more would hold up the other replies of the process


class Growth:
    """Follows one open block. `shown` is how many of its lines were shown as HTML."""

    def __init__(self) -> None:
        self.shown = 0
        self._seen = 0  # lines looked at
        self._whole = 0  # lines before the item that is being written
        self._whole_size = self._size = self._shown_size = 0

    def whole_lines(self, kind: Kind, lines: list[str]) -> int:
        """How many lines to render now, 0 while it is not worth it: growing by half keeps the cost linear."""
        self._look(kind, lines)
        grown = self._whole_size - self._shown_size
        if grown < max(_LEAST, self._shown_size // 2) or self._whole_size > _MOST:
            return 0
        self.shown, self._shown_size = self._whole, self._whole_size
        return self._whole

    def _look(self, kind: Kind, lines: list[str]) -> None:
        table = kind is Kind.TEXT and len(lines) > 1 and "|" in lines[0] and bool(_DELIMITER.match(lines[1]))
        for number in range(self._seen, len(lines)):
            if kind is Kind.LIST and begins_item(lines[number]):
                self._whole, self._whole_size = number, self._size
            self._size += len(lines[number])
            if table:
                self._whole, self._whole_size = number + 1, self._size
        self._seen = len(lines)

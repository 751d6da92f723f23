"""Where a top-level block of Markdown surely ends, line by line.

Ending too late is harmless: the parser is given more than one block at once. Ending too early would change
what the text means, so every doubt keeps the block open.
"""

import re
from collections.abc import Callable
from enum import Enum

from .starts import begins_page, ends_page, formula_end

_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})")
_HEADING = re.compile(r" {0,3}#{1,6}(?:[ \t]|$)")
_RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|(?:-[ \t]*){3,})$")
_ITEM = re.compile(r"( {0,3})([-+*]|\d{1,9}[.)])([ \t]+|$)")
_INTERRUPTING_ITEM = re.compile(r" {0,3}(?:[-+*]|1[.)])[ \t]+\S")
_QUOTE = re.compile(r" {0,3}>")


class Kind(Enum):
    """What the open block is, as far as its end depends on it."""

    NONE = "none"
    TEXT = "text"  # a paragraph, a setext heading, a table
    INDENTED = "indented"
    LIST = "list"
    QUOTE = "quote"
    FENCE = "fence"
    FORMULA = "formula"
    PAGE = "page"
    MIXED = "mixed"  # one of several blocks, and the parser alone knows which
    LOST = "lost"  # the same, with a fence that may be open


class Place(Enum):
    """Where a line belongs."""

    INSIDE = "inside"  # the open block goes on
    LAST = "last"  # the open block ends with this line
    BEFORE = "before"  # the open block ended before this line, which begins the next
    ALONE = "alone"  # the same, and the next is this line alone
    BLANK = "blank"  # between blocks


class Blocks:
    """Follows the lines of one text."""

    def __init__(self) -> None:
        self.kind = Kind.NONE
        self._closing = ""
        self._before = ""
        self._blank_before = False
        self._content_at = 0  # the column where the content of the list's item begins
        self._empty_item = False
        self._rules: dict[Kind, Callable[[str], Place | None]] = {
            Kind.NONE: lambda _: None,
            Kind.TEXT: self._in_text,
            Kind.INDENTED: self._in_indented,
            Kind.LIST: self._in_list,
            Kind.QUOTE: self._in_quote,
            Kind.FENCE: self._until_closed,
            Kind.FORMULA: self._until_closed,
            Kind.PAGE: self._until_closed,
            Kind.MIXED: self._in_mixed,
            Kind.LOST: lambda _: Place.INSIDE,
        }

    def place(self, line: str) -> Place:
        """Say where the next line (without its end) belongs, and remember it."""
        inside = self._rules[self.kind](line)
        self._before, self._blank_before = line, _blank(line)
        if inside is not None:
            return inside
        if self._blank_before:
            self.kind = Kind.NONE
            return Place.BLANK
        return self._begin(line)

    # Each of these says where a line belongs that follows a block of its kind. None: the block had ended.

    def _in_text(self, line: str) -> Place | None:
        if _blank(line) or _starts(line) or _QUOTE.match(line) or _INTERRUPTING_ITEM.match(line):
            return None
        columns = "|" in self._before  # then a rule may be the second line of a table
        if _RULE.match(line) and not columns:  # or the underline of a heading: the block ends after both
            self.kind = Kind.NONE
            return Place.LAST
        if _RULE.match(line) or _ITEM.match(line) or _indent(line) > 3:  # a table would end, a paragraph not
            self.kind = Kind.MIXED
        return Place.INSIDE

    def _in_indented(self, line: str) -> Place | None:
        return Place.INSIDE if _blank(line) or _indent(line) > 3 else None

    def _in_list(self, line: str) -> Place | None:
        if _blank(line):
            if self._empty_item:  # nothing further belongs to an item that begins with two empty lines
                self.kind = Kind.MIXED
            return Place.INSIDE
        self._empty_item = False
        if _indent(line) >= self._content_at:
            return Place.INSIDE
        if _RULE.match(line):
            return None
        if _ITEM.match(line):
            self._note_item(line)
            return Place.INSIDE
        if self._blank_before or _starts(line) or _QUOTE.match(line):
            return None
        self.kind = Kind.MIXED
        return Place.INSIDE

    def _in_quote(self, line: str) -> Place | None:
        if _QUOTE.match(line):
            return Place.INSIDE
        if _blank(line) or _starts(line) or _RULE.match(line) or _ITEM.match(line):
            return None
        self.kind = Kind.MIXED
        return Place.INSIDE

    def _in_mixed(self, line: str) -> Place | None:
        if _blank(line):
            return Place.INSIDE
        flush = line[0] not in " \t"
        if flush and self._blank_before and not _ITEM.match(line) and line[0] != ">":
            return None
        if flush and _starts(line):
            return None
        if not flush and _starts(line.lstrip()):
            self.kind = Kind.LOST
        return Place.INSIDE

    def _until_closed(self, line: str) -> Place:
        if not self._closes(line):
            return Place.INSIDE
        self.kind = Kind.NONE
        return Place.LAST

    def _closes(self, line: str) -> bool:
        if self.kind is Kind.PAGE:
            return ends_page(line)
        mark = line.strip()
        if self.kind is Kind.FORMULA:
            return mark == self._closing
        same = not mark.strip(self._closing[0]) and len(mark) >= len(self._closing)
        return same and _indent(line) < 4

    def _begin(self, line: str) -> Place:
        self.kind, self._closing = _kind_of(line)
        if self.kind is Kind.LIST:
            self._note_item(line)
        if self.kind is Kind.PAGE and ends_page(line):
            self.kind = Kind.NONE
        return Place.ALONE if self.kind is Kind.NONE else Place.BEFORE

    def _note_item(self, line: str) -> None:
        found = _ITEM.match(line.expandtabs(4))
        if found is None:
            return
        space, rest = len(found[3]), line.expandtabs(4)[found.end() :]
        self._content_at = found.end(2) + (space if 1 <= space <= 4 and rest else 1)
        self._empty_item = not rest.strip()


def begins_item(line: str) -> bool:
    """True for the first line of a list item that is not deeply nested."""
    return _ITEM.match(line) is not None


def _blank(line: str) -> bool:
    return not line.strip(" \t")


def _indent(line: str) -> int:
    wide = line.expandtabs(4)
    return len(wide) - len(wide.lstrip(" "))


def _starts(line: str) -> bool:
    """True for a line that begins a block whatever was open before, unless that was a fence."""
    if _indent(line) > 3:
        return False
    found = _FENCE.match(line) or _HEADING.match(line) or formula_end(line)
    return bool(found) or begins_page(line.lstrip(" "))


def _kind_of(line: str) -> tuple[Kind, str]:
    """What a line begins, and what closes that; NONE for what is one line long."""
    if _indent(line) > 3:
        return Kind.INDENTED, ""
    if begins_page(line.lstrip(" ")):
        return Kind.PAGE, ""
    fence = _FENCE.match(line)
    if fence:
        return Kind.FENCE, fence[1]
    closing = formula_end(line)
    if closing:
        return Kind.FORMULA, closing
    if _HEADING.match(line) or _RULE.match(line):
        return Kind.NONE, ""
    if _QUOTE.match(line):
        return Kind.QUOTE, ""
    return (Kind.LIST, "") if _ITEM.match(line) else (Kind.TEXT, "")

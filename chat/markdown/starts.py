"""How lines begin blocks. The parser's own rules and the splitter of streams share these."""

import re

_PAGE = re.compile(r"<(?:!doctype\s+html|html)(?=[\s>])", re.IGNORECASE)
_PAGE_END = re.compile(r"</html\s*>", re.IGNORECASE)
FORMULA_ENDS = {"$$": "$$", r"\[": r"\]"}


def begins_page(line: str) -> bool:
    """True for the first line of a whole HTML page outside a fence."""
    return _PAGE.match(line) is not None


def ends_page(line: str) -> bool:
    """True for the line that closes such a page."""
    return _PAGE_END.search(line) is not None


def formula_end(line: str) -> str | None:
    """The line that ends a displayed formula begun by `line`; None where it begins none."""
    return FORMULA_ENDS.get(line.strip())

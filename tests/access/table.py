"""Reads the table of who reaches what."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LINE = re.compile(
    r"(?P<method>[A-Z]+) (?P<route>\S+)(?: @(?P<slug>\S+))?(?: (?P<sent>\{.*\}))?"
    r" =(?P<people>[ \d]*)\|(?P<keys>[ \d]*)"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line: `people` and `keys` are statuses in the order of the table's head."""

    method: str
    route: str
    slug: str
    sent: Any
    people: tuple[int, ...]
    keys: tuple[int, ...]

    @property
    def said(self) -> str:
        """The line without its statuses."""
        sent = f" {json.dumps(self.sent)}" if self.sent else ""
        return f"{self.method} {self.route}{f' @{self.slug}' if self.slug else ''}{sent}"


def rows() -> list[Row]:
    """Every line; a line that cannot be read fails."""
    lines = (Path(__file__).parent / "table.txt").read_text().splitlines()
    return [_row(line) for line in lines if line.strip() and not line.startswith("#")]


def _row(line: str) -> Row:
    found = _LINE.fullmatch(line.rstrip())
    assert found, f"This line cannot be read: {line}"
    people, keys = (tuple(int(word) for word in found[name].split()) for name in ("people", "keys"))
    sent = json.loads(found["sent"]) if found["sent"] else None
    return Row(found["method"], found["route"], found["slug"] or "", sent, people, keys)

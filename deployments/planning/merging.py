"""Two people change one document: what each changed, and both together. Pure.

A document is a JSON object: a configuration with its name and notes. Variables, volumes and the parts of the
image are compared one by one, so that two people who add a variable each do not meet; a list is one value.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Path = tuple[str, ...]
Document = Mapping[str, Any]

# Objects whose keys are compared one by one.
_OPEN: tuple[Path, ...] = (("image",), ("image", "environment"), ("environment",), ("volumes",))
ABSENT: Any = type("Absent", (), {"__repr__": lambda self: "ABSENT"})()


@dataclass(frozen=True, slots=True)
class Row:
    """One place that at least one of the two changed; a value is ABSENT where there is none."""

    path: Path
    base: Any
    theirs: Any
    mine: Any

    @property
    def by_both(self) -> bool:
        """Whether both changed it, and not to the same."""
        return bool(self.theirs != self.base and self.mine != self.base and self.theirs != self.mine)

    @property
    def is_mine(self) -> bool:
        """Whether I changed it."""
        return bool(self.mine != self.base)


def compare(base: Document, theirs: Document, mine: Document) -> list[Row]:
    """Every place that differs between what both began with and what either has now, in order."""
    flat = [flattened(document) for document in (base, theirs, mine)]
    paths = sorted({path for document in flat for path in document})
    rows = (Row(path, *(document.get(path, ABSENT) for document in flat)) for path in paths)
    return [row for row in rows if row.theirs != row.base or row.mine != row.base]


def merged(base: Document, theirs: Document, mine: Document) -> dict[str, Any]:
    """Theirs with my changes on it; where both changed the same, mine stands."""
    flat = flattened(theirs)
    for row in compare(base, theirs, mine):
        if row.is_mine:
            flat[row.path] = row.mine
    return _unflattened({path: value for path, value in flat.items() if value is not ABSENT})


def flattened(document: Document, at: Path = ()) -> dict[Path, Any]:
    """Every value by its path."""
    found: dict[Path, Any] = {}
    for key, value in document.items():
        path = (*at, key)
        if path in _OPEN and isinstance(value, Mapping):
            found |= flattened(value, path)
        else:
            found[path] = value
    return found


def _unflattened(flat: Mapping[Path, Any]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for path, value in flat.items():
        place = document
        for key in path[:-1]:
            place = place.setdefault(key, {})
        place[path[-1]] = value
    for path in _OPEN:  # one that lost its last key is still there
        place = document
        for key in path:
            place = place.setdefault(key, {})
    return document

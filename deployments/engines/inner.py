"""What an object behind a flag may hold, as a catalogue tells it; and of what kind a JSON value is. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

# The kinds by which the dump says what a field takes, in words. Texts count by what they could be read as.
KINDS: Mapping[str, str] = {
    "null": "null",
    "boolean": "true or false",
    "bit": "0 or 1",
    "integer": "a whole number",
    "number": "a number",
    "bit-text": "a text",
    "switch-text": "a text",
    "integer-text": "a text",
    "number-text": "a text",
    "text": "a text",
    "list": "a list",
    "object": "an object",
}
_SWITCH = frozenset(("t", "f", "y", "n", "true", "false", "yes", "no", "on", "off"))


@dataclass(frozen=True, slots=True)
class Field:
    """One field. Of the kinds in `takes` any value will do, within `bounds`; `choices` are further values,
    spelled so but for what they are `loose` in: case, and dashes for underscores. `items` are the kinds of a
    list's members, `values` of a free object's, `fields` those of an object; None where nothing is known."""

    name: str
    type: str
    takes: frozenset[str]
    choices: tuple[Any, ...] = ()
    loose: frozenset[str] = frozenset()
    items: frozenset[str] | None = None
    values: frozenset[str] | None = None
    bounds: Mapping[str, float] = field(default_factory=dict)
    default: Any = None
    fields: "Mapping[str, Field] | None" = None

    @property
    def is_open(self) -> bool:
        """Whether anything at all may stand there; the engine fills most of these in itself."""
        return self.takes == frozenset(KINDS)

    @property
    def expected(self) -> str:
        """What it takes, in words: choices where there are any, else the kinds that one would write."""
        if self.choices:
            return "one of " + ", ".join(dict.fromkeys(str(choice) for choice in self.choices))
        meant = {kind for kind in self.takes if kind != "null" and not kind.endswith("-text")}
        # true is read as 1 and 1 as true, but nobody writes them so.
        meant -= {"boolean", "bit"} if "integer" in meant else {"bit"}
        meant -= {"integer"} if "number" in meant else set()
        return " or ".join(words for kind, words in KINDS.items() if kind in meant) or "null"


@dataclass(frozen=True, slots=True)
class Inner:
    """What the object of one flag may hold. `fields` is None where it is free; `by_parser` says whether the
    engine's argument parser refuses the rest, or what reads the object after it."""

    fields: Mapping[str, Field] | None
    by_parser: bool = True


def fields_under(inner: Inner, keys: Iterable[str]) -> Mapping[str, Field]:
    """The fields that a path of keys leads to; none where it leads nowhere, or to what is free."""
    fields = inner.fields
    for key in keys:
        found = (fields or {}).get(key)
        fields = found.fields if found is not None else None
    return fields or {}


def kind_of(value: Any) -> str:
    """The kind of a JSON value; a number without a fraction is a whole one, as the engine reads it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        if value in (0, 1):
            return "bit"
        return "integer" if isinstance(value, int) or value.is_integer() else "number"
    if isinstance(value, str):
        return _kind_of_text(value)
    return "list" if isinstance(value, list) else "object"


def _kind_of_text(text: str) -> str:
    if text.strip() in ("0", "1"):
        return "bit-text"
    if text.lower() in _SWITCH:
        return "switch-text"
    try:
        return "integer-text" if float(text).is_integer() else "number-text"
    except ValueError:
        return "text"


def read_inner(where: str, value: Any) -> Inner | None:
    """The inner part of a dump's flag; None where an older dump has none. Raises ValueError if damaged."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise ValueError(f"{where}.inner: has to be an object.")
    if value.get("free") is True:
        return Inner(None)
    return Inner(_fields(f"{where}.inner", value.get("fields")), value.get("by") != "engine")


def read_setting(where: str, value: Any) -> Field | None:
    """What the engine's setting takes of a flag that the parser lets pass; None where the dump has none."""
    return None if value is None else _field(f"{where}.setting", value)


def _fields(where: str, rows: Any) -> Mapping[str, Field]:
    if not isinstance(rows, list):
        raise ValueError(f"{where}.fields: has to be a list.")
    found = [_field(f"{where}.fields[{number}]", row) for number, row in enumerate(rows)]
    return {one.name: one for one in found}


def _field(where: str, row: Any) -> Field:
    if not isinstance(row, Mapping) or not isinstance(row.get("name"), str):
        raise ValueError(f"{where}: has to be an object with a name.")
    for key, kind in (
        ("takes", str),
        ("choices", list),
        ("loose", str),
        ("items", str),
        ("values", str),
        ("bounds", Mapping),
    ):
        if not isinstance(row.get(key), (kind, *((type(None),) if key != "takes" else ()))):
            raise ValueError(f"{where}.{key}: is of the wrong type ({row['name']}).")
    return Field(
        name=row["name"],
        type=str(row.get("type", "")),
        takes=frozenset(row["takes"].split()),
        choices=tuple(
            sorted(row.get("choices") or (), key=lambda one: not isinstance(one, str))
        ),  # names first
        loose=frozenset((row.get("loose") or "").split()),
        items=frozenset(row["items"].split()) if row.get("items") else None,
        values=frozenset(row["values"].split()) if row.get("values") else None,
        bounds=row.get("bounds") or {},
        default=row.get("default"),
        fields=_fields(where, row["fields"]) if row.get("fields") else None,
    )

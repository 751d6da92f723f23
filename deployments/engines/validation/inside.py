"""What is wrong inside an object, key by key, and what would be right. Pure."""

import json
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from ..inner import KINDS, Field, kind_of
from .secrets import shown

Fields = Mapping[str, Field]
_LONGEST_KEY = 60
_LONGEST_NUMBER = 24
_LISTED = 12
# A bound, when it is broken, how it is said, and what lies between it and the nearest whole number.
_BOUNDS: tuple[tuple[str, Callable[[float, float], bool], str, int], ...] = (
    ("ge", operator.lt, "at least", 0),
    ("gt", operator.le, "more than", 1),
    ("le", operator.gt, "at most", 0),
    ("lt", operator.ge, "less than", -1),
)
_NUMBERS = ("bit", "integer", "number")


@dataclass(frozen=True, slots=True)
class Trouble:
    """One key or value that is refused. `path` leads to it, `words` say why. `better` is the whole object
    with this mended, and `remedy` says how; None where nobody can tell."""

    code: str
    path: tuple[str, ...]
    words: str
    remedy: str = ""
    better: Mapping[str, Any] | None = None


def troubles(fields: Fields, value: Mapping[str, Any], *, dashes: bool = False) -> Iterator[Trouble]:
    """Everything in an object that its class refuses. `dashes`: a dash in a key stands for an underscore."""
    for key, one in value.items():
        known = fields.get(key.replace("-", "_") if dashes else key)
        for trouble in _unknown(fields, key, value) if known is None else _inside(known, key, one):
            yield _at(trouble, key, value)


def _at(trouble: Trouble, key: str, value: Mapping[str, Any]) -> Trouble:
    """What `_inside` says of one value, with the whole object around the better one."""
    if len(trouble.path) == 1 and trouble.code == "unknown-key":
        return trouble
    better = None if trouble.better is None else {**value, key: trouble.better[key]}
    return Trouble(trouble.code, trouble.path, trouble.words, trouble.remedy, better)


def _unknown(fields: Fields, key: str, value: Mapping[str, Any]) -> Iterator[Trouble]:
    name = key[:_LONGEST_KEY]
    close = likely(key, fields)
    if not close:
        kept = {other: value[other] for other in value if other != key}
        words = f"knows no {name}; its keys are {listed(sorted(fields))}"
        yield Trouble("unknown-key", (key,), words, f"Remove {name}.", kept)
        return
    renamed = {close[0] if other == key else other: value[other] for other in value
               if other != key or close[0] not in value}  # fmt: skip
    words = f"knows no {name}; did you mean {' or '.join(close)}"
    yield Trouble("unknown-key", (key,), words, f"Write {close[0]}.", renamed)


def likely(key: str, fields: Fields) -> list[str]:
    """The fields that a misspelt key may have meant, the likeliest first."""
    spelled = key.replace("-", "_").lower()
    offered = [name for name, one in fields.items() if not one.is_open]
    return [spelled] if spelled in fields else get_close_matches(spelled, offered, n=3, cutoff=0.5)


def listed(names: list[str]) -> str:
    """As many names as one reads."""
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")


def value_troubles(field: Field, value: Any) -> Iterator[tuple[Trouble, Any]]:
    """The same of the value of one field, each with the better value; the paths begin behind the field."""
    for one in _inside(field, field.name, value):
        yield replace(one, path=one.path[1:], better=None), (one.better or {}).get(field.name)


def _inside(field: Field, key: str, value: Any) -> Iterator[Trouble]:
    kind = kind_of(value)
    if kind not in field.takes:
        if not _chosen(field, value):
            yield _refused(field, key, value)
        return
    if isinstance(value, Mapping) and field.fields is not None:
        for trouble in troubles(field.fields, value):
            better = None if trouble.better is None else {key: trouble.better}
            yield Trouble(trouble.code, (key, *trouble.path), trouble.words, trouble.remedy, better)
    if isinstance(value, Mapping) and field.values is not None:
        for name, one in value.items():
            for trouble in _inside(Field(name, "", field.values), name, one):
                yield replace(trouble, path=(key, *trouble.path))
    if isinstance(value, list) and field.items is not None:
        yield from _items(field, field.items, key, value)
    if field.bounds and not isinstance(value, bool) and kind.removesuffix("-text") in _NUMBERS:
        yield from _bounds(field, key, float(value) if isinstance(value, str) else value)


def _chosen(field: Field, value: Any) -> bool:
    """Whether a value is one of the choices. True and 1 are two things here."""
    if not isinstance(value, str):
        return not isinstance(value, bool) and any(value == one for one in field.choices)
    return any(
        _spelled(field, value) == _spelled(field, one) for one in field.choices if isinstance(one, str)
    )


def _spelled(field: Field, text: str) -> str:
    text = text.lower() if "case" in field.loose else text
    return text.replace("-", "_") if "dashes" in field.loose else text


def _refused(field: Field, key: str, value: Any) -> Trouble:
    code = "wrong-choice" if field.choices and not isinstance(value, (list, Mapping)) else "wrong-type"
    better = _better(field, value)
    words = f"takes {field.expected}; {_said(value)} is none of these"
    if better is None:
        return Trouble(code, (key,), words)
    return Trouble(code, (key,), words, f"Write {better}.", {key: better})


def _said(value: Any) -> str:
    """A value in a message: texts quoted, numbers as they are, a list or an object by its kind."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    text = str(value) if isinstance(value, (int, float)) else KINDS[kind_of(value)]
    return text if len(text) <= _LONGEST_NUMBER else "this number"


def _better(field: Field, value: Any) -> Any:
    """The value that a wrong text may have meant: the likeliest choice, or a list of its parts."""
    if not isinstance(value, str):
        return None
    texts = {one.lower(): one for one in field.choices if isinstance(one, str)}
    close = get_close_matches(value.lower().replace("-", "_"), texts, n=1, cutoff=0.5)
    if close:
        return texts[close[0]]
    if value.isdigit() and any(one == int(value) for one in field.choices):
        return int(value)
    if "list" in field.takes and "text" in (field.items or ()):
        return [part.strip() for part in value.split(",")]
    return None


def _items(field: Field, kinds: frozenset[str], key: str, value: list[Any]) -> Iterator[Trouble]:
    wrong = next((one for one in value if kind_of(one) not in kinds), value)
    if wrong is not value:
        one = Field(field.name, "", kinds)
        words = f"takes a list, each part of which is {one.expected}; {_said(wrong)} is none of these"
        yield Trouble("wrong-type", (key,), words)


def _bounds(field: Field, key: str, value: float) -> Iterator[Trouble]:
    whole = "number" not in field.takes
    for bound, is_beyond, words, step in _BOUNDS:
        limit = field.bounds.get(bound)
        if limit is None or not is_beyond(value, limit):
            continue
        told = f"has to be {words} {limit}; {_said(value)} is not"
        if whole or not step:
            yield Trouble("wrong-value", (key,), told, f"Write {limit + step}.", {key: limit + step})
        else:
            yield Trouble("wrong-value", (key,), told)

"""What is wrong inside the object of a flag, in either spelling: `--x '{"key": 1}'` and `--x.key 1`."""

import ast
import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..catalogue import Flag, dashed
from ..inner import Inner
from .argv import Given
from .case import Case
from .finding import Finding, Fix, Level
from .inside import Trouble, troubles
from .values import human_int, read_value

_LONGEST_PYTHON = 10_000
_DIES = "The argument parser takes it, and the start dies later."


def inner_findings(case: Case, given: Given, flag: Flag, field: str) -> Iterator[Finding]:
    """Every key and value that the object's class refuses. Nothing where the catalogue does not know it."""
    inner = flag.inner
    if inner is None or inner.fields is None or _is_overridden(case, given):
        return
    for value in _objects(given, flag):
        for trouble in troubles(inner.fields, value, dashes=not inner.by_parser):
            yield _finding(case, given, flag, field, inner, trouble)


def _objects(given: Given, flag: Flag) -> Iterator[Mapping[str, Any]]:
    """The objects that the flag's values are, as the engine reads them; others are said elsewhere."""
    if given.keys:
        yield nested(given)
        return
    for text in given.values:
        value = read_value(flag, text)
        if isinstance(value, Mapping):
            yield value


def nested(given: Given) -> dict[str, Any]:
    """The object of a dotted form."""
    *outer, last = given.keys
    value = dotted_value(given.value)
    if last.endswith("+"):
        last, value = last[:-1], given.value.split(",")
    found = {last: value}
    for key in reversed(outer):
        found = {key: found}
    return found


def dotted_value(text: str) -> Any:
    """A value behind a dotted flag as vLLM reads it: JSON, a number with a suffix, else the text."""
    for reader in (json.loads, human_int):
        try:
            return reader(text)
        except (ValueError, RecursionError):
            continue
    return text


def _is_overridden(case: Case, given: Given) -> bool:
    """Whether the same dotted form follows: the engine drops the first before it looks at it."""
    name = _root(given)
    later = (one for one in case.extra if one.start > given.start)
    return bool(given.keys) and any(o.keys == given.keys and _root(o) == name for o in later)


def _root(given: Given) -> str:
    return dashed(given.spelled).split(".")[0]


def _finding(case: Case, given: Given, flag: Flag, field: str, inner: Inner, trouble: Trouble) -> Finding:
    of = trouble.path[:-1] if trouble.code == "unknown-key" else trouble.path
    cause = f"{'.'.join((flag.name, *of))} {trouble.words}."
    fix = None if trouble.better is None else rewritten(case, given, trouble)
    return Finding(
        Level.ERROR,
        trouble.code,
        field,
        cause if inner.by_parser else f"{cause} {_DIES}",
        trouble.remedy or "Correct the value.",
        flag.name,
        fix,
        f"vLLM {case.catalogue.version}: its own class refused it when the catalogue was made",
        by_parser=inner.by_parser,
    )


def rewritten(case: Case, given: Given, trouble: Trouble) -> Fix:
    """The fix that writes a typed flag's object as it would be right, in the same spelling."""
    better: Any = trouble.better
    name = given.spelled.split(".")[0]
    for _ in given.keys:  # a dotted form has one key at each of its levels
        if not better:
            break
        ((key, better),) = better.items()
        name = f"{name}.{key}"
    if better == {}:
        return case.without(given)
    return _written(case, given, name, better, trouble.remedy)


def _written(case: Case, given: Given, name: str, value: Any, words: str) -> Fix:
    text = value if isinstance(value, str) and dotted_value(value) == value else json.dumps(value)
    typed = [f"{name}={text}"] if given.attached else [name, text]
    texts = list(case.spec.extra_flags)
    texts[given.start : given.end] = typed
    return Fix(words, {"extra_flags": texts})


def as_json(case: Case, given: Given, text: str) -> Fix | None:
    """The fix for an object that is written as Python: single quotes, True, a comma at the end."""
    if len(text) > _LONGEST_PYTHON or len(given.values) != 1:
        return None
    try:
        value = ast.literal_eval(text.strip())
        json.loads(json.dumps(value))
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        return None
    return _written(case, given, given.spelled, value, "Write it as JSON.")

"""What is wrong inside the object of a flag, in either spelling: `--x '{"key": 1}'` and `--x.key 1`."""

import ast
import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..catalogue import Flag, dashed
from .argv import Given
from .case import Case
from .finding import Finding, Fix, Level
from .inside import Trouble, troubles, value_troubles
from .values import human_int, read_value

_LONGEST_PYTHON = 10_000
_DIES = "The argument parser takes it, and the start dies later."


def inner_findings(case: Case, given: Given, flag: Flag, field: str) -> Iterator[Finding]:
    """Every key and value that the object's class refuses. Nothing where the catalogue does not know it."""
    if _is_overridden(case, given):
        return
    inner, by_parser = flag.inner, flag.inner is not None and flag.inner.by_parser
    for value in _read(given, flag):
        if inner is not None and inner.fields is not None and isinstance(value, Mapping):
            for trouble in troubles(inner.fields, value, dashes=not by_parser):
                yield _finding(case, given, flag, field, trouble, trouble.better, by_parser=by_parser)
        elif flag.setting is not None:
            for trouble, better in value_troubles(flag.setting, value):
                yield _finding(case, given, flag, field, trouble, better, by_parser=False)


def _read(given: Given, flag: Flag) -> Iterator[Any]:
    """The flag's values as the engine reads them."""
    if given.keys:
        yield nested(given)
        return
    yield from (read_value(flag, text) for text in given.values)


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


def _finding(
    case: Case, given: Given, flag: Flag, field: str, trouble: Trouble, better: Any, *, by_parser: bool
) -> Finding:
    of = trouble.path[:-1] if trouble.code == "unknown-key" else trouble.path
    cause = f"{'.'.join((flag.name, *of))} {trouble.words}."
    return Finding(
        Level.ERROR,
        trouble.code,
        field,
        cause if by_parser else f"{cause} {_DIES}",
        trouble.remedy or "Correct the value.",
        flag.name,
        rewritten(case, given, better, trouble.remedy),
        f"vLLM {case.catalogue.version}: its own class refused it when the catalogue was made",
        by_parser=by_parser,
    )


def rewritten(case: Case, given: Given, better: Any, words: str) -> Fix | None:
    """The fix that writes a typed flag's value as it would be right, in the same spelling."""
    if better is None:
        return None
    name = given.spelled.split(".")[0]
    for _ in given.keys:  # a dotted form has one key at each of its levels
        if not better:
            break
        ((key, better),) = better.items()
        name = f"{name}.{key}"
    if better == {}:
        return case.without(given)
    try:
        return _written(case, given, name, better, words)
    except RecursionError:  # nobody meant an object as deep as that
        return None


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

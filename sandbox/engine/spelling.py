"""The spellings `vllm serve` allows before its parser looks: underscores, dotted keys, `-O3`, repeats."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Spelled:
    """Arguments in the one spelling the parser knows, and what was given more than once."""

    arguments: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)


def normalise(arguments: list[str]) -> Spelled:
    """Undo the free spellings. Dotted keys are gathered into one JSON value at the end, which wins."""
    spelled, seen = Spelled(), set[str]()
    nested: dict[str, dict[str, Any]] = {}
    waiting = [part for argument in arguments for part in _respell(argument)]
    while waiting:
        argument = waiting.pop(0)
        name = argument.split("=", 1)[0]
        if not argument.startswith("--"):
            spelled.arguments.append(argument)
        elif "." in name:
            given = argument.split("=", 1)[1] if "=" in argument else (waiting.pop(0) if waiting else "")
            _note_repeat(spelled, name, _nest(nested, name, given))
        else:
            _note_repeat(spelled, name, name in seen)
            seen.add(name)
            spelled.arguments.append(argument)
    for flag, value in nested.items():
        spelled.arguments += [flag, json.dumps(value)]
    return spelled


def _respell(argument: str) -> list[str]:
    """Underscores in a flag's name are dashes; `-O3` is `--optimization-level 3`."""
    if argument.startswith("--"):
        name, equals, value = argument.partition("=")
        head, dot, keys = name.partition(".")
        return [head.replace("_", "-") + dot + keys + equals + value]
    if argument.startswith("-O") and len(argument) > 2:
        return ["--optimization-level", argument[2:].removeprefix("=")]
    return [argument]


def _note_repeat(spelled: Spelled, name: str, repeated: bool) -> None:
    if repeated and name not in spelled.repeated:
        spelled.repeated.append(name)


def _nest(nested: dict[str, dict[str, Any]], name: str, value: str) -> bool:
    """Put `--flag.a.b value` at nested["--flag"]["a"]["b"]; say whether something was there."""
    flag, *keys = name.split(".")
    place = nested.setdefault(flag, {})
    for key in keys[:-1]:
        place = place.setdefault(key, {})
    last, parsed = keys[-1], _json_or_text(value)
    if last.endswith("+"):
        items = parsed if isinstance(parsed, list) else str(parsed).split(",")
        place.setdefault(last[:-1], []).extend(items)
        return False
    repeated = last in place
    place[last] = parsed
    return repeated


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value

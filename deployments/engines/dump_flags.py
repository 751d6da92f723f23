"""Write the flag catalogue of an installed vLLM as JSON: one file per version, read by the panel.

Run once per version in an environment that has vLLM; the panel then checks configurations against the
file and never needs vLLM itself. Imports nothing of the panel, and is one file that can be copied there.

    .venv-vllm/bin/python deployments/engines/dump_flags.py deployments/engines/catalogues/vllm-0.33.0.json

What a flag that takes an object may hold is learnt by asking the configuration class itself, value by value:
its annotations do not tell what its validators take besides.
"""

from __future__ import annotations

import argparse
import dataclasses
import enum
import functools
import importlib
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")

# Where `make_arg_parser` lives: 0.33, 0.32, and before.
PARSER_MODULES = (
    "vllm.entrypoints.common.cli_args",
    "vllm.entrypoints.launchers.cli_args",
    "vllm.entrypoints.openai.cli_args",
)
WRAPPERS = ("_optional_type", "_parse_type", "<lambda>")
SWITCHES = ("_StoreTrueAction", "_StoreFalseAction")
# No class has a field of this name. It is part of every question, so that a class always refuses in the end
# and nothing that it does after reading its fields (looking for a model, for example) is ever begun.
STRANGER = "no_field_is_named_so"
# A kind of JSON value, and samples that no list of choices has. The panel sorts values in the same way.
SAMPLES: dict[str, list[Any]] = {
    "null": [None],
    "boolean": [True, False],
    "bit": [0, 1],
    "integer": [7919, -7919, 987654321],
    "number": [0.37, 7919.5],
    "bit-text": ["0", "1"],
    "switch-text": ["true", "off"],
    "integer-text": ["7919"],
    "number-text": ["0.37"],
    "text": ["no such word", "Zz9"],
    "list": [[]],
    "object": [{}],
}
# How pydantic names a value of the wrong type or choice; other names are of bounds and of validators.
WRONG_TYPE = ("_type", "_parsing", "literal_error", "enum", "int_from_float", "none_required", "crash")
WRONG_VALUE = (*WRONG_TYPE, "value_error", "assertion_error")
BOUNDS = {"ge": -1, "gt": 0, "le": 1, "lt": 0}
DEEPEST = 2


def main() -> None:
    """Dump the catalogue into the file named on the command line and say how many flags it has."""
    # The folder of this file holds a module that is named vllm as well.
    sys.path[:] = [path for path in sys.path if Path(path).resolve() != Path(__file__).resolve().parent]
    catalogue = read_catalogue()
    Path(sys.argv[1]).write_text(json.dumps(catalogue, indent=1) + "\n")
    print(catalogue["vllm_version"], catalogue["n"], "flags")


def read_catalogue() -> dict[str, Any]:
    """Everything the panel needs to know of `vllm serve`'s command line."""
    vllm = importlib.import_module("vllm")
    parsers = importlib.import_module("vllm.tool_parsers").ToolParserManager
    reasoning = importlib.import_module("vllm.reasoning").ReasoningParserManager
    flags = [
        describe(action, str(group.title))
        for group in serve_parser()._action_groups
        for action in group._group_actions
        if action.option_strings
    ]
    return {
        "vllm_version": vllm.__version__,
        "n": len(flags),
        "flags": flags,
        "tool_parsers": sorted(parsers.list_registered()),
        "reasoning_parsers": sorted(reasoning.list_registered()),
    }


def serve_parser() -> argparse.ArgumentParser:
    """The real parser of `vllm serve`. Raises ImportError where no known module has it."""
    flexible = importlib.import_module("vllm.utils.argparse_utils").FlexibleArgumentParser
    for name in PARSER_MODULES:
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        parser: argparse.ArgumentParser = module.make_arg_parser(flexible(prog="vllm serve"))
        return parser
    raise ImportError("no make_arg_parser in this vLLM: " + ", ".join(PARSER_MODULES))


def describe(action: argparse.Action, group: str) -> dict[str, Any]:
    """One flag as plain data."""
    return {
        "flags": list(action.option_strings),
        "dest": action.dest,
        "group": group,
        "action": type(action).__name__,
        "kind": kind_of(action),
        "negatable": isinstance(action, argparse.BooleanOptionalAction),
        "nargs": action.nargs,
        "choices": plain(list(action.choices)) if action.choices else None,
        "default": plain(action.default),
        "metavar": plain(action.metavar),
        "deprecated": is_deprecated(action),
        **({"inner": inner_of(action)} if takes_object(action) else {}),
        **({"setting": setting_of(action.dest)} if is_read_later(action) else {}),
    }


def kind_of(action: argparse.Action) -> str:
    """What a value of this flag is: bool, json, or the name of the function that reads it."""
    if isinstance(action, argparse.BooleanOptionalAction) or type(action).__name__ in SWITCHES:
        return "bool"
    reader = reader_name(action.type)
    told = "Valid JSON" in (action.help or "") or "JSON" in str(action.metavar or "")
    return "json" if told or "loads" in reader else reader


def reader_name(reader: Any) -> str:
    """The reading function's name, looked up inside vLLM's own wrappers."""
    if reader is None:
        return "str"
    name = getattr(reader, "__name__", None) or type(reader).__name__
    if name not in WRAPPERS:
        return str(name)
    for inner in closure_values(reader):
        if callable(inner):
            return ("optional " if name == "_optional_type" else "") + reader_name(inner)
    return str(name)


def closure_values(function: Any) -> list[Any]:
    """The values that a nested function has kept; cells still empty are left out."""
    values = []
    for cell in getattr(function, "__closure__", None) or ():
        try:
            values.append(cell.cell_contents)
        except ValueError:
            continue
    return values


def is_deprecated(action: argparse.Action) -> bool:
    """Whether the flag says so itself or in the first words of its help."""
    return bool(getattr(action, "deprecated", False)) or "deprecat" in (action.help or "").lower()[:200]


def takes_object(action: argparse.Action) -> bool:
    """Whether a value of this flag may be a JSON object."""
    kind = kind_of(action)
    return kind in ("json", "union_dict_and_str") or "parse_dataclass" in kind


def inner_of(action: argparse.Action) -> dict[str, Any]:
    """What an object of this flag may hold: anything, or the fields of a class. `by` says who refuses the
    rest: the argument parser, or the engine that reads the object after it."""
    own = class_read_by(action.type)
    cls = own or class_of_setting(action.dest)
    if cls is None or not refusal_of(cls, STRANGER, 1):
        return {"free": True}
    return {"free": False, "by": "parser" if own else "engine", "fields": list(fields_of(cls, 1))}


def is_read_later(action: argparse.Action) -> bool:
    """Whether the parser hands on any text, or any object, for a setting that takes only some."""
    owner = owner_of(action.dest)
    if owner is None or action.choices or action.nargs is not None:
        return False
    if takes_object(action):
        return class_read_by(action.type) is None and class_of_setting(action.dest) is None
    parts = parts_of(owner.__pydantic_fields__[action.dest].annotation)
    listed = any(isinstance(part, type) and issubclass(part, enum.Enum) for part in parts)
    return kind_of(action) == "str" and listed


def setting_of(dest: str) -> dict[str, Any]:
    """What the engine's setting takes of such a flag; `values` are the kinds that its object may hold."""
    owner = owner_of(dest)
    field = field_of(owner, dest, owner.__pydantic_fields__[dest])
    if "object" not in field["takes"].split():
        return field
    some = (kind for kind in SAMPLES if is_taken(owner, dest, [{"x": one} for one in SAMPLES[kind]], False))
    return field | {"values": " ".join(some)}


@functools.cache
def owner_of(dest: str) -> Any:
    """The one class of the engine's whole configuration that has a setting of this name."""
    whole = importlib.import_module("vllm.config").VllmConfig
    parts = (class_in(field.annotation) for field in getattr(whole, "__pydantic_fields__", {}).values())
    owners = {one for one in (whole, *parts) if one and dest in getattr(one, "__pydantic_fields__", {})}
    return owners.pop() if len(owners) == 1 else None


def class_read_by(reader: Any) -> type | None:
    """The configuration class that a reading function makes; None where it makes none."""
    for value in (*(getattr(reader, "__defaults__", None) or ()), *closure_values(reader)):
        if isinstance(value, type) and dataclasses.is_dataclass(value):
            return value
        found = class_read_by(value) if callable(value) and not isinstance(value, type) else None
        if found is not None:
            return found
    return None


def class_of_setting(dest: str) -> type | None:
    """The class that the engine makes of a flag's plain object, as its whole configuration declares it."""
    declared = getattr(importlib.import_module("vllm.config").VllmConfig, "__pydantic_fields__", {})
    return class_in(declared[dest].annotation) if dest in declared else None


def class_in(annotation: Any) -> type | None:
    """The one configuration class in an annotation."""
    parts = (part for part in parts_of(annotation) if isinstance(part, type))
    found = {part for part in parts if dataclasses.is_dataclass(part)}
    return found.pop() if len(found) == 1 else None


def parts_of(annotation: Any) -> Iterator[Any]:
    """An annotation and all that it is made of."""
    yield annotation
    for part in () if get_origin(annotation) is Literal else get_args(annotation):
        yield from parts_of(part)


def fields_of(cls: type, depth: int) -> Iterator[dict[str, Any]]:
    """The fields that one may set, each with what it takes; those of a class in a class once more."""
    for name, declared in getattr(cls, "__pydantic_fields__", {}).items():
        if "unexpected_keyword_argument" in refusal_of(cls, name, None):
            continue
        field = field_of(cls, name, declared)
        inner = class_in(declared.annotation) if depth < DEEPEST else None
        if inner and field["takes"] != " ".join(SAMPLES):  # else it is the engine's own, and never looked at
            field["fields"] = list(fields_of(inner, depth + 1))
        yield field


def field_of(cls: type, name: str, declared: Any) -> dict[str, Any]:
    """One field. `takes` are the kinds of which any value will do; `choices` are the other values that will,
    written exactly so but for what they are `loose` in."""
    named = list(candidates(declared.annotation))
    takes = [kind for kind in SAMPLES if is_taken(cls, name, SAMPLES[kind], bool(named))]
    choices = [one for one in named if kind_of_choice(one) not in takes and not refusal_of(cls, name, one)]
    bounds = dict(bounds_of(cls, name, declared.metadata))
    return {
        "name": name,
        "type": type_words(declared.annotation),
        "takes": " ".join(takes),
        **({"choices": choices, "loose": looseness(cls, name, choices)} if choices else {}),
        **({"items": items_of(cls, name)} if "list" in takes and not named else {}),
        **({"bounds": bounds} if bounds else {}),
        **simple_default(declared.default, choices),
    }


def candidates(annotation: Any) -> Iterator[Any]:
    """The values that an annotation lists: of literals, names and values of an enumeration, and `auto`."""
    seen: list[Any] = []
    for part in parts_of(annotation):
        if get_origin(part) is Literal:
            seen += get_args(part)
        if isinstance(part, type) and issubclass(part, enum.Enum):
            seen += [one for member in part for one in (member.name, member.value, str(member.value))]
    for number, one in enumerate([*seen, "auto"] if seen else []):
        if isinstance(one, str | int) and one not in seen[:number]:
            yield one


def kind_of_choice(value: Any) -> str:
    """The kind of a choice, of those that are open or closed as a whole."""
    return "text" if isinstance(value, str) else "integer"


def is_taken(cls: type, name: str, samples: list[Any], has_choices: bool) -> bool:
    """Whether values of a kind are taken. In doubt they are: a validator may only dislike the sample."""
    wrong = WRONG_VALUE if has_choices else WRONG_TYPE
    refusals = [refusal_of(cls, name, sample) for sample in samples]
    return any(not said or not all(one.endswith(wrong) for one in said) for said in refusals)


def items_of(cls: type, name: str) -> str:
    """The kinds that a list of this field may hold."""
    return " ".join(k for k, samples in SAMPLES.items() if is_taken(cls, name, [[s] for s in samples], False))


def looseness(cls: type, name: str, choices: list[Any]) -> str:
    """In what a choice may be spelled otherwise: its case, or dashes for underscores."""
    texts = [one for one in choices if isinstance(one, str)]
    ways = {"case": {one.swapcase() for one in texts}, "dashes": {one.replace("_", "-") for one in texts}}
    return " ".join(
        way
        for way, other in ways.items()
        if any(not refusal_of(cls, name, one) for one in other - set(texts))
    )


def bounds_of(cls: type, name: str, metadata: list[Any]) -> Iterator[tuple[str, float]]:
    """The bounds of a number, each tried with a number beyond it."""
    for rule in metadata:
        for bound, step in BOUNDS.items():
            limit = getattr(rule, bound, None)
            if isinstance(limit, int | float) and refusal_of(cls, name, limit + step):
                yield bound, limit


def type_words(annotation: Any) -> str:
    """An annotation without modules and without what `choices` lists."""
    text = str(annotation)
    if isinstance(annotation, type) and not get_args(annotation):
        text = annotation.__name__
    return re.sub(r"Literal\[[^]]*\]", "choice", re.sub(r"\b(?:\w+\.)+(?=\w)", "", text))


def simple_default(default: Any, choices: list[Any]) -> dict[str, Any]:
    """The default where it is a plain value and no machine's own."""
    names = (default.name, default.value) if isinstance(default, enum.Enum) else ()
    value = next((one for one in names if one in choices), default)
    return {"default": value} if value is None or isinstance(value, str | int | float) else {}


def refusal_of(cls: type, name: str, value: Any) -> set[str]:
    """How the class names what is wrong with this value of a field; nothing where it takes it.

    Both of its ways to read count, for a validator may hand an object on as Python.
    """
    adapter, document = adapter_of(cls), {name: value, STRANGER: 1}
    said: set[str] = set()
    for read, asked in ((adapter.validate_json, json.dumps(document)), (adapter.validate_python, document)):
        try:
            read(asked)
        except Exception as error:  # whatever else is raised ends the real parser as well
            listed = error.errors() if hasattr(error, "errors") else [{"loc": [name], "type": "crash"}]
            now = {str(one["type"]) for one in listed if one["loc"] and one["loc"][0] == name}
        else:
            now = set()
        if not now:
            return now
        said |= now
    return said


@functools.cache
def adapter_of(cls: type) -> Any:
    """What reads a class from JSON, as the real parser does it."""
    return importlib.import_module("pydantic").TypeAdapter(cls)


def plain(value: Any) -> Any:
    """The value where JSON can hold it, else its text."""
    try:
        json.dumps(value)
    except TypeError:
        return repr(value)
    return value


if __name__ == "__main__":
    main()

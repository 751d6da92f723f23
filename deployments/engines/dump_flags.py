"""Write the flag catalogue of an installed vLLM as JSON: one file per version, read by the panel.

Run once per version in an environment that has vLLM; the panel then checks configurations against the
file and never needs vLLM itself. Imports nothing of the panel.

    .venv-vllm/bin/python deployments/engines/dump_flags.py deployments/engines/catalogues/vllm-0.33.0.json
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")

# Where `make_arg_parser` lives: 0.33, 0.32, and before.
PARSER_MODULES = (
    "vllm.entrypoints.common.cli_args",
    "vllm.entrypoints.launchers.cli_args",
    "vllm.entrypoints.openai.cli_args",
)
WRAPPERS = ("_optional_type", "_parse_type", "<lambda>")
SWITCHES = ("_StoreTrueAction", "_StoreFalseAction")


def main() -> None:
    """Dump the catalogue into the file named on the command line and say how many flags it has."""
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


def plain(value: Any) -> Any:
    """The value where JSON can hold it, else its text."""
    try:
        json.dumps(value)
    except TypeError:
        return repr(value)
    return value


if __name__ == "__main__":
    main()

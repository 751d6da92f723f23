"""Ask the real `vllm serve` of the environment this runs in: a JSON list of argvs on stdin, on stdout a pair
for each: the words with which the argument parser refuses it, and those of the classes that read the objects
which the parser hands on as they are. Null where it is taken.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from types import ModuleType

DUMP = Path(__file__).resolve().parents[2] / "deployments" / "engines" / "dump_flags.py"


def main() -> None:
    """Read, ask, answer."""
    argvs = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):
        dump = dump_script()
        parser: ArgumentParser = dump.serve_parser()
        verdicts = [(verdict(parser, argv), verdict_later(dump, parser, argv)) for argv in argvs]
    json.dump(verdicts, sys.stdout)


def dump_script() -> ModuleType:
    """By path: its folder holds a module named vllm."""
    spec = importlib.util.spec_from_file_location("dump_flags", DUMP)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def verdict(parser: ArgumentParser, argv: list[str]) -> str | None:
    """Why the parser refuses, or None."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            parser.parse_args(argv)
    except SystemExit:
        return said.getvalue()[-400:] or "refused"
    except Exception as error:  # a validator of a configuration class may raise anything, and ends the start
        return repr(error)
    return None


def verdict_later(dump: ModuleType, parser: ArgumentParser, argv: list[str]) -> str | None:
    """Why a class refuses an object that the parser has taken as it is, or None. Its fields alone are read:
    what it does after that needs the model."""
    if verdict(parser, argv) is not None:
        return None
    for dest, value in vars(parser.parse_args(argv)).items():
        cls = dump.class_of_setting(dest)
        if not isinstance(value, dict) or cls is None:
            continue
        for key, one in value.items():
            refused = dump.refusal_of(cls, key.replace("-", "_"), one)
            if refused:
                return f"{dest}.{key}: {sorted(refused)}"
    return refused_by_setting(dump, parser, argv)


def refused_by_setting(dump: ModuleType, parser: ArgumentParser, argv: list[str]) -> str | None:
    """Why the engine's setting refuses a value that the parser hands on as it is, or None."""
    parsed = vars(parser.parse_args(argv))
    for action in parser._actions:
        value = parsed.get(action.dest)
        if value == action.default or not dump.is_read_later(action):
            continue
        refused = dump.refusal_of(dump.owner_of(action.dest), action.dest, value)
        if refused:
            return f"{action.dest}: {sorted(refused)}"
    return None


if __name__ == "__main__":
    main()

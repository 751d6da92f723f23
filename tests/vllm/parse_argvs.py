"""Ask the real `vllm serve` parser of the environment this runs in: a JSON list of argvs on stdin, on stdout
a list with null for each that it takes, and its words for each that it refuses.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import sys
from argparse import ArgumentParser
from pathlib import Path

DUMP = Path(__file__).resolve().parents[2] / "deployments" / "engines" / "dump_flags.py"


def main() -> None:
    """Read, ask, answer."""
    argvs = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):
        parser = real_parser()
        verdicts = [verdict(parser, argv) for argv in argvs]
    json.dump(verdicts, sys.stdout)


def real_parser() -> ArgumentParser:
    """By path: its folder holds a module named vllm."""
    spec = importlib.util.spec_from_file_location("dump_flags", DUMP)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    parser: ArgumentParser = module.serve_parser()
    return parser


def verdict(parser: ArgumentParser, argv: list[str]) -> str | None:
    """Why the parser refuses, or None."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            parser.parse_args(argv)
    except SystemExit:
        return said.getvalue()[-400:] or "refused"
    except (ValueError, TypeError, IndexError) as error:
        return repr(error)
    return None


if __name__ == "__main__":
    main()

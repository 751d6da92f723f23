"""`vllm serve`'s command line, parsed by argparse from the flag catalogue."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from sandbox.engine.catalogue import Catalogue, Flag
from sandbox.engine.spelling import normalise
from sandbox.engine.values import reader_of

TOP_USAGE = """usage: vllm [-h] [-v]
            {chat,complete,serve,launch,bench,collect-env,download-kernels,preload,run-batch,snapshot}
            ..."""
SERVE_USAGE = "usage: vllm serve [model_tag] [options]"


class UsageError(Exception):
    """The command line was refused; `str()` is what the real one prints, and it exits with 2."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """A parsed command line: every value by dest, those given, and what was repeated."""

    values: dict[str, Any]
    given: dict[str, Any]
    repeated: tuple[str, ...]


def parse_serve(argv: Sequence[str], catalogue: Catalogue) -> Arguments:
    """Parse what follows `vllm serve`. Raises UsageError with the real parser's words."""
    spelled = normalise(list(argv))
    parser = _build(catalogue)
    namespace, unknown = parser.parse_known_args(spelled.arguments)
    if unknown:
        text = " ".join(unknown)
        raise UsageError(f"{TOP_USAGE}\nvllm: error: unrecognized arguments: {text}")
    defaults = {flag.dest: flag.default for flag in catalogue.flags}
    told = vars(namespace)
    given = {name: told[name] for name in _order(told, catalogue) if told[name] != defaults.get(name)}
    return Arguments(defaults | told, given, tuple(spelled.repeated))


def _order(told: dict[str, Any], catalogue: Catalogue) -> list[str]:
    """The names as the real log lists them: the model, then in the parser's order."""
    names = ["model_tag", *dict.fromkeys(flag.dest for flag in catalogue.flags)]
    return [name for name in names if name in told]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{SERVE_USAGE}\nvllm serve: error: {message}")


class _Switch(argparse.Action):
    """`--enable-x`, `--disable-x`, `--x`, `--no-x`: the spelling says which way."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        name = option_string or self.option_strings[0]
        declared = self.option_strings[0]
        off = name.startswith("--no-") and not declared.startswith("--no-")
        off = off or (name.startswith("--disable-") and not declared.startswith("--disable-"))
        setattr(namespace, self.dest, not off)


def _build(catalogue: Catalogue) -> _Parser:
    parser = _Parser(prog="vllm serve", usage="vllm serve [model_tag] [options]", add_help=False)
    parser.add_argument("model_tag", nargs="?", default=None)
    for flag in catalogue.flags:
        _add(parser, flag)
    return parser


def _add(parser: _Parser, flag: Flag) -> None:
    if flag.action == "_HelpAction":
        parser.add_argument(*flag.names, action="help")
    elif flag.kind == "bool" and flag.action == "_StoreTrueAction":
        parser.add_argument(*flag.names, dest=flag.dest, action="store_true", default=argparse.SUPPRESS)
    elif flag.kind == "bool":
        names = _with_hidden_negations(flag.names)
        parser.add_argument(*names, dest=flag.dest, action=_Switch, nargs=0, default=argparse.SUPPRESS)
    else:
        _add_valued(parser, flag)


def _add_valued(parser: _Parser, flag: Flag) -> None:
    options: dict[str, Any] = {
        "dest": flag.dest,
        "type": reader_of(flag),
        "choices": flag.choices,
        "default": argparse.SUPPRESS,  # a default is no text to be read
    }
    if flag.action == "_AppendAction":
        parser.add_argument(*flag.names, action="append", **options)
    elif flag.nargs == "?":
        parser.add_argument(*flag.names, nargs="?", const=True, **options)
    else:
        parser.add_argument(*flag.names, nargs=flag.nargs, **options)


def _with_hidden_negations(names: Sequence[str]) -> list[str]:
    """0.33 shows `--disable-x` for `--enable-x` but goes on accepting `--no-enable-x`."""
    hidden = [
        f"--no-{name[2:]}"
        for name in names
        if name.startswith("--") and not name.startswith(("--no-", "--disable-"))
    ]
    return [*names, *(name for name in hidden if name not in names)]

"""How the real parser reads one value. The names of these functions appear in its error texts."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable
from typing import Any

from sandbox.engine.catalogue import Flag

Reader = Callable[[str], Any]

_SCALES = {"k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
# pydantic's page for a refused JSON text, as the recorded refusals name it.
_JSON_HELP = "https://errors.pydantic.dev/2.14/v/json_invalid"


def human_readable_int(value: str) -> int:
    """`128k` is 128000 and `128K` 131072. Raises ValueError or ArgumentTypeError otherwise."""
    match = re.fullmatch(r"(\d+)(\.\d+)?([kKmMgGtT])", value.strip())
    if match is None:
        return int(value)
    whole, fraction, suffix = match.groups()
    if fraction and suffix.isupper():
        raise argparse.ArgumentTypeError(
            f"Decimals are not allowed with binary suffixes like {suffix}. "
            f"Did you mean to use {whole}{fraction}{suffix.lower()} instead?"
        )
    return int(float(whole + (fraction or "")) * _SCALES[suffix])


def human_readable_int_or_auto(value: str) -> int:
    """The same, and -1 for `auto`."""
    return -1 if value.strip().lower() in ("auto", "-1") else human_readable_int(value)


def loads(value: str) -> Any:
    """A JSON value. Raises ValueError where it is none."""
    return json.loads(value)


def reader_of(flag: Flag) -> Reader:
    """The function that reads this flag's value, refusing with the real parser's words."""
    kind = flag.kind.removeprefix("optional ")
    if kind == "parse_dataclass":
        return _dataclass_reader(flag.dest)
    if kind == "json" and flag.group != "Frontend":
        return _checked(loads, f"<function loads at {id(loads):#x}>", optional=True)
    if kind == "union_dict_and_str":
        return _dict_or_text
    readers: dict[str, Reader] = {
        "int": int,
        "float": float,
        "human_readable_int": human_readable_int,
        "human_readable_int_or_auto": human_readable_int_or_auto,
        "json": loads,
        "<lambda>": _dashes_to_underscores,
    }
    reader = readers.get(kind, str)
    if flag.kind.startswith("optional "):
        return _checked(reader, repr(reader), optional=True)
    return reader


def _checked(reader: Reader, shown: str, *, optional: bool) -> Reader:
    def read(value: str) -> Any:
        if optional and value in ("", "None"):
            return None
        try:
            return reader(value)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"Value {value} cannot be converted to {shown}.") from error

    return read


def _dataclass_reader(dest: str) -> Reader:
    title = "".join(word.capitalize() for word in dest.split("_")).replace("Kv", "KV")

    def read(value: str) -> Any:
        try:
            return json.loads(value)
        except ValueError as error:
            raise argparse.ArgumentTypeError(_json_refusal(title, value, error)) from error

    return read


def _json_refusal(title: str, value: str, error: ValueError) -> str:
    column = getattr(error, "pos", 0) + 1
    return (
        f"1 validation error for {title}\n"
        f"  Invalid JSON: expected value at line 1 column {column} "
        f"[type=json_invalid, input_value={value!r}, input_type=str]\n"
        f"    For further information visit {_JSON_HELP}"
    )


def _dict_or_text(value: str) -> Any:
    if not re.fullmatch(r"(?s)\s*{.*}\s*", value):
        return value
    return _checked(loads, f"<function loads at {id(loads):#x}>", optional=False)(value)


def _dashes_to_underscores(value: str) -> str:
    return value.replace("-", "_")

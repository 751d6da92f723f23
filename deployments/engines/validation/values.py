"""What the engine's parser says to a value, as (code, words); None where it takes it."""

import json
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from ..catalogue import Flag

Problem = tuple[str, str]

_SUFFIXED = re.compile(r"(\d+(?:\.\d+)?)([kKmMgGtT])")
_SUFFIXED_WORD = re.compile(rf"\b{_SUFFIXED.pattern}\b")
_QUOTED = re.compile(r'("(?:[^"\\]|\\.)*")')
_POWERS = "kmgt"
_LONGEST_NUMBER = 100  # more digits overflow where they are multiplied


def human_int(text: str) -> int:
    """`128k` is 128,000, `128K` is 131,072, as vLLM reads it. Raises ValueError."""
    if len(text) > _LONGEST_NUMBER:
        raise ValueError("no engine counts so far")
    found = _SUFFIXED.fullmatch(text.strip())
    if not found:
        return int(text)
    number, suffix = found.groups()
    power = _POWERS.index(suffix.lower()) + 1
    if suffix.islower():
        return int(float(number) * pow(1000, power))
    return int(int(number) * pow(1024, power))


def human_int_or_auto(text: str) -> int:
    """As `human_int`; -1 and `auto` let the engine choose."""
    return -1 if text.strip().lower() in ("-1", "auto") else human_int(text)


def _object_or_text(text: str) -> Any:
    return json.loads(text) if re.match(r"(?s)^\s*{.*}\s*$", text) else text


def _object(text: str) -> Any:
    """JSON in which numbers may have a suffix (`{"max_bytes": 80G}`), as vLLM reads its own classes."""
    parts = _QUOTED.split(text)
    for number in range(0, len(parts), 2):  # what stands between quoted texts
        parts[number] = _SUFFIXED_WORD.sub(lambda found: str(human_int(found[0])), parts[number])
    return json.loads("".join(parts))


def _device_ids(text: str) -> list[str]:
    return text.split(",")


_READERS: Mapping[str, tuple[Callable[[str], Any], str]] = {
    "int": (int, "a whole number"),
    "float": (float, "a number"),
    "human_readable_int": (human_int, "a whole number, for example 131072 or 128K"),
    "human_readable_int_or_auto": (human_int_or_auto, "a whole number, for example 131072, or auto"),
    "json": (json.loads, "JSON"),
    "parse_dataclass": (_object, "a JSON object"),
    "union_dict_and_str": (_object_or_text, "a text or a JSON object"),
}


def read_value(flag: Flag, text: str) -> Any:
    """The value as the engine reads it. Raises ValueError."""
    kind = flag.kind.removeprefix("optional ")
    if kind != flag.kind and text in ("", "None"):
        return None
    if kind == "<lambda>" and flag.choices:  # the back ends: any case, dashes or underscores
        return text.lower().replace("-", "_")
    reader, _ = _READERS.get(kind, (str, ""))
    return reader(text)


def value_problem(flag: Flag, text: str) -> Problem | None:
    """Why the parser refuses this value of this flag."""
    if flag.dest == "lora_modules":
        return _lora_problem(text)
    try:
        value = read_value(flag, text)
    except (ValueError, RecursionError):
        expected = _READERS[flag.kind.removeprefix("optional ")][1]
        return "wrong-type", f"takes {expected}"
    none = flag.kind.startswith("optional ") and text in ("", "None")
    if "parse_dataclass" in flag.kind and not none:
        return _object_problem(flag, value)
    if flag.choices and value not in flag.choices:
        return "wrong-choice", "takes one of " + ", ".join(str(c) for c in flag.choices if c is not None)
    return None


def _lora_problem(text: str) -> Problem | None:
    """As vLLM's LoRAParserAction reads one item."""
    if not text or ("=" in text and "," not in text):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return "wrong-type", "takes name=path or a JSON object"
    if not isinstance(value, Mapping) or not {"name", "path"} <= set(value):
        return "wrong-type", "takes a JSON object with name and path"
    return None


def _object_problem(flag: Flag, value: Any) -> Problem | None:
    if not isinstance(value, Mapping):
        return "wrong-type", "takes a JSON object"
    if flag.inner is not None:  # said of every key and value, each with its own remedy
        return None
    unknown = [key for key in value if flag.keys and key not in flag.keys]
    if unknown:
        return "unknown-key", unknown_key(flag, str(unknown[0]))
    return None


def unknown_key(flag: Flag, key: str) -> str:
    """That an object has no such key, with the likely one or all of them."""
    close = get_close_matches(key, flag.keys, n=3, cutoff=0.5)
    told = f"did you mean {' or '.join(close)}" if close else f"its keys are {', '.join(sorted(flag.keys))}"
    return f"knows no {key}; {told}"

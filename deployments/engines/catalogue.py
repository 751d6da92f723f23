"""The flags of one engine version, as plain data: look up by any spelling, suggest, search."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from .inner import Field, Inner, fields_under, read_inner, read_setting

SHIPPED = Path(__file__).parent / "catalogues"
_VERSION = re.compile(r"\d+\.\d+\.\d+")
# A field of a configuration class in its printed default: `Name(field=value, ...)`.
_FIELD = re.compile(r"[(,]\s*([a-z_0-9]+)=")


class CatalogueError(ValueError):
    """A dump is no catalogue; the message names the first thing that is wrong."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One option as the real parser declares it. `kind` names what reads its value; `nargs` is argparse's.
    `inner` is what its object may hold, and `setting` what the engine takes of a value that the parser lets
    pass; None where that is nothing, or the dump does not tell."""

    names: tuple[str, ...]
    dest: str
    group: str
    kind: str
    nargs: int | str | None
    choices: tuple[Any, ...] | None
    default: Any
    negatable: bool
    deprecated: bool
    inner: Inner | None = None
    setting: Field | None = None

    @property
    def name(self) -> str:
        """The long spelling that the engine's own help shows first."""
        return next((name for name in self.names if name.startswith("--")), self.names[0])

    @property
    def is_config(self) -> bool:
        """Whether the value is an object, so that dotted forms set its keys."""
        return self.kind in ("json", "union_dict_and_str") or "parse_dataclass" in self.kind

    @property
    def keys(self) -> frozenset[str]:
        """The keys of its object; of an older dump, as far as the printed default tells them. Else empty."""
        if self.inner is not None:
            return frozenset(self.inner.fields or ())
        if "parse_dataclass" not in self.kind:
            return frozenset()
        if isinstance(self.default, Mapping):
            return frozenset(self.default)
        text = str(self.default or "")
        if text.startswith("{"):  # a dictionary as printed; its own quotes hold only the outer keys apart
            return frozenset(_outer_keys(text))
        return frozenset(_FIELD.findall(_outer(text)))

    def hidden(self) -> tuple[str, ...]:
        """Negations that the parser takes though its help does not list them (0.33: `--no-enable-x`)."""
        if not self.negatable:
            return ()
        negated = (f"--no-{name[2:]}" for name in self.names[:1] if name.startswith("--"))
        return tuple(name for name in negated if name not in self.names)

    def denies(self, spelling: str) -> bool:
        """Whether this spelling turns a switch off."""
        return self.negatable and spelling != self.names[0]


@dataclass(frozen=True, slots=True)
class Match:
    """What a spelling stands for. `how`: exact, hidden, or abbreviated; `name` is the whole spelling."""

    flag: Flag
    name: str
    how: str


@dataclass(frozen=True)
class Catalogue:
    """All flags of one version, and the parser names it registers."""

    version: str
    flags: tuple[Flag, ...]
    tool_parsers: tuple[str, ...]
    reasoning_parsers: tuple[str, ...]

    @cached_property
    def spellings(self) -> dict[str, Flag]:
        """Every spelling the parser takes, the hidden ones too."""
        shown = {name: flag for flag in self.flags for name in flag.names}
        return {name: flag for flag in self.flags for name in flag.hidden()} | shown

    def flag(self, dest: str) -> Flag | None:
        """The flag that sets this destination."""
        return next((flag for flag in self.flags if flag.dest == dest), None)

    def matches(self, spelling: str) -> tuple[Match, ...]:
        """What a spelling stands for: nothing, one flag, or, of an abbreviation, several."""
        name = dashed(spelling)
        if name in self.spellings:
            flag = self.spellings[name]
            return (Match(flag, name, "exact" if name in flag.names else "hidden"),)
        if not name.startswith("--") or len(name) < 3:
            return ()
        # argparse takes any beginning of a long name that no other flag shares.
        longer = {flag.dest: (flag, key) for key, flag in self.spellings.items() if key.startswith(name)}
        return tuple(Match(flag, key, "abbreviated") for flag, key in longer.values())

    def suggest(self, spelling: str) -> tuple[str, ...]:
        """Up to three flags that a misspelt one may have meant, the likeliest first."""
        name = dashed(spelling)
        listed = [key for flag in self.flags for key in flag.names if key.startswith("--")]
        turned = [
            key
            for key in (re.sub(r"^--(no-enable|disable|no)-", prefix, name) for prefix in _NEGATIONS)
            if key != name and key in self.spellings
        ]
        close = get_close_matches(name, listed, n=3, cutoff=0.75)
        return tuple(dict.fromkeys([*turned, *close]))[:3]

    def search(self, typed: str, *, limit: int = 12) -> tuple[Flag, ...]:
        """Flags for completion: beginnings first, then beginnings of words, parts, and likeness."""
        asked = dashed("--" + typed.strip().lstrip("-").lower())[2:]
        ranked = [(min(_rank(asked, name.lstrip("-")) for name in f.names), f.name, f) for f in self.flags]
        return tuple(flag for rank, _, flag in sorted(ranked, key=lambda row: row[:2]) if rank < 4)[:limit]

    def search_inside(self, typed: str, *, limit: int = 12) -> tuple[tuple[str, Field], ...]:
        """Fields for completion of a dotted form, each with the whole spelling: beginnings first, then parts.

        Nothing where the text before the first dot is no flag, or one whose fields are not known.
        """
        spelled = typed.strip().partition("=")[0]
        name, *outer = ("--" + spelled if not spelled.startswith("-") else spelled).split(".")
        matches = self.matches(name)
        inner = matches[0].flag.inner if len(matches) == 1 else None
        if not outer or inner is None:
            return ()
        *outer, last = outer
        fields = fields_under(inner, outer)
        asked = last.replace("-", "_").lower()
        ranked = [
            (not one.startswith(asked), number, one) for number, one in enumerate(fields) if asked in one
        ]
        prefix = ".".join((matches[0].name, *outer))
        listed = [(f"{prefix}.{one}", fields[one]) for *_, one in sorted(ranked)]
        return tuple(row for row in listed if not row[1].is_open)[:limit]


_NEGATIONS = ("--no-enable-", "--disable-", "--no-", "--no-disable-")


def dashed(spelling: str) -> str:
    """The spelling as the parser reads it: underscores before the first dot are dashes."""
    if not spelling.startswith("--"):
        return spelling
    name, dot, rest = spelling.partition(".")
    return "--" + name[2:].replace("_", "-") + dot + rest


def _rank(asked: str, name: str) -> float:
    if name.startswith(asked):
        return 0
    words = name.split("-")
    if all(any(word.startswith(part) for word in words) for part in asked.split("-")):
        return 1
    if asked in name:
        return 2
    likeness = SequenceMatcher(None, asked, name[: len(asked) + 2]).ratio()
    return 4 - likeness if likeness > 0.75 else 4


def _outer(text: str) -> str:
    """The text without what stands in inner brackets."""
    kept, depth = [], 0
    for letter in text:
        depth -= letter in ")]}"
        if depth < 2:
            kept.append(letter)
        depth += letter in "([{"
    return "".join(kept)


def _outer_keys(text: str) -> list[str]:
    return re.findall(r"'([a-z_0-9]+)':", _outer(text))


def read_catalogue(data: Any) -> Catalogue:
    """The catalogue of a dump. Raises CatalogueError naming the first thing that is wrong."""
    if not isinstance(data, Mapping):
        raise CatalogueError("This is no dump: it has to be one JSON object.")
    version = data.get("vllm_version")
    numbers = _VERSION.match(version) if isinstance(version, str) else None
    if numbers is None:
        raise CatalogueError("vllm_version: is missing; it looks like 0.33.0.")
    rows = data.get("flags")
    if not isinstance(rows, list) or not rows:
        raise CatalogueError("flags: has to be a list of flags, and not an empty one.")
    flags = tuple(_flag(number, row) for number, row in enumerate(rows))
    twice = [name for name, count in Counter(n for flag in flags for n in flag.names).items() if count > 1]
    if twice:
        raise CatalogueError(f"flags: {twice[0]} is there twice.")
    if data.get("n") != len(flags):
        raise CatalogueError(f"n: says {data.get('n')!r}, but there are {len(flags)} flags; the dump is cut.")
    parsers = {key: _names(key, data.get(key)) for key in ("tool_parsers", "reasoning_parsers")}
    return Catalogue(version=numbers[0], flags=flags, **parsers)


def _flag(number: int, row: Any) -> Flag:
    where = f"flags[{number}]"
    if not isinstance(row, Mapping):
        raise CatalogueError(f"{where}: has to be an object.")
    names = _names(f"{where}.flags", row.get("flags"))
    if not names or not all(name.startswith("-") for name in names):
        raise CatalogueError(f"{where}.flags: has to list spellings that begin with a dash.")
    for key in ("dest", "group", "kind"):
        if not isinstance(row.get(key), str):
            raise CatalogueError(f"{where}.{key}: has to be a text ({names[0]}).")
    for key in ("negatable", "deprecated"):
        if not isinstance(row.get(key), bool):
            raise CatalogueError(f"{where}.{key}: has to be true or false ({names[0]}).")
    nargs, choices = row.get("nargs"), row.get("choices")
    if not (nargs is None or isinstance(nargs, int) or nargs in ("+", "*", "?")):
        raise CatalogueError(f"{where}.nargs: is {nargs!r}; a number, +, *, ? or null ({names[0]}).")
    if not (choices is None or isinstance(choices, list)):
        raise CatalogueError(f"{where}.choices: has to be a list or null ({names[0]}).")
    return Flag(
        names,
        row["dest"],
        row["group"],
        row["kind"],
        nargs,
        tuple(choices) if choices else None,
        row.get("default"),
        row["negatable"],
        row["deprecated"],
        *_inner(where, row),
    )


def _inner(where: str, row: Mapping[str, Any]) -> tuple[Inner | None, Field | None]:
    try:
        return read_inner(where, row.get("inner")), read_setting(where, row.get("setting"))
    except ValueError as error:
        raise CatalogueError(str(error)) from None


def _names(where: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise CatalogueError(f"{where}: has to be a list of texts.")
    return tuple(value)


@lru_cache(maxsize=16)
def _load(path: Path, _changed_ns: int) -> Catalogue:
    try:
        return read_catalogue(json.loads(path.read_text()))
    except (json.JSONDecodeError, CatalogueError) as error:
        raise CatalogueError(f"{path.name}: {error}") from error


def load(path: Path) -> Catalogue:
    """The catalogue of a file, kept until the file changes. Raises CatalogueError or OSError."""
    return _load(path, path.stat().st_mtime_ns)


def file_name(version: str) -> str:
    """The file of a version, in whichever folder."""
    return f"vllm-{version}.json"


def versions(folders: Iterable[Path] = (SHIPPED,)) -> dict[str, Path]:
    """The versions that are known; a later folder replaces what an earlier one has."""
    return {
        path.stem.removeprefix("vllm-"): path
        for folder in folders
        for path in sorted(folder.glob("vllm-*.json"))
        if _VERSION.fullmatch(path.stem.removeprefix("vllm-"))
    }


def nearest(version: str, folders: Iterable[Path] = (SHIPPED,)) -> Catalogue:
    """The catalogue of this version, else of the nearest one: compare `.version` to learn which."""
    known = versions(folders)
    asked = _place(version)
    return load(known[min(known, key=lambda other: abs(_place(other) - asked))])


def _place(version: str) -> int:
    """A version as one number, so that versions have distances."""
    major, minor, patch, *_ = [*(int(part) for part in re.findall(r"\d{1,6}", version)[:3]), 0, 0, 0]
    return (major * 1000 + minor) * 1000 + patch

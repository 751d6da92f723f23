"""An argv taken apart as the engine's parser does it, without refusing anything."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..catalogue import Catalogue, Flag, Match, dashed

_NEGATIVE_NUMBER = re.compile(r"-\d+$|-\d*\.\d+$")


@dataclass(frozen=True, slots=True)
class Given:
    """One flag as it stands there, with its values.

    `matches` holds one entry for a known flag, several for an ambiguous one, none for an unknown one or for
    a stray text. `keys` are the parts behind the dots. `start` and `end` are positions in the argv, and
    `attached` is True for `--x=value`.
    """

    spelled: str
    matches: tuple[Match, ...]
    keys: tuple[str, ...]
    values: tuple[str, ...]
    attached: bool
    start: int
    end: int

    @property
    def flag(self) -> Flag | None:
        """The flag it stands for; None where that is not one."""
        return self.matches[0].flag if len(self.matches) == 1 else None

    @property
    def is_stray(self) -> bool:
        """A text that belongs to no flag."""
        return not looks_like_flag(self.spelled)

    @property
    def is_on(self) -> bool:
        """Whether a switch is turned on by this spelling."""
        return len(self.matches) == 1 and not self.matches[0].flag.denies(self.matches[0].name)

    @property
    def value(self) -> str:
        """The first value, or an empty text."""
        return self.values[0] if self.values else ""


def looks_like_flag(text: str) -> bool:
    """Whether the parser takes a text for a flag: `-1` and a text with spaces are values."""
    if len(text) < 2 or not text.startswith("-") or _NEGATIVE_NUMBER.match(text):
        return False
    return " " not in text.partition("=")[0]


def take_apart(argv: Sequence[str], catalogue: Catalogue) -> list[Given]:
    """Every flag and stray text of the arguments behind `vllm serve MODEL`, in their order."""
    found: list[Given] = []
    position = 0
    while position < len(argv):
        given = _one(argv, position, catalogue)
        found.append(given)
        position = given.end
    return found


def _one(argv: Sequence[str], start: int, catalogue: Catalogue) -> Given:
    text = argv[start]
    if not looks_like_flag(text):
        return Given(text, (), (), (), False, start, start + 1)
    if text.startswith("-O"):  # vLLM rewrites -O, -O3, -O=3 and "-O 3" before anything else
        return _optimization(argv, start, catalogue)
    spelled, equals, attached = text.partition("=")
    name, *keys = dashed(spelled).split(".")
    matches = catalogue.matches(name)
    if not matches and not spelled.startswith("--"):
        glued = catalogue.matches(spelled[:2])  # -n4
        if glued and len(spelled) > 2:
            value = spelled[2:] + equals + attached
            return Given(spelled[:2], glued, (), (value,), True, start, start + 1)
    if equals:
        return Given(spelled, matches, tuple(keys), (attached,), True, start, start + 1)
    if keys:  # the parser takes whatever comes next
        end = min(start + 2, len(argv))
        return Given(spelled, matches, tuple(keys), tuple(argv[start + 1 : end]), False, start, end)
    end = start + 1 + _taken(argv[start + 1 :], matches)
    return Given(spelled, matches, (), tuple(argv[start + 1 : end]), False, start, end)


def _taken(rest: Sequence[str], matches: tuple[Match, ...]) -> int:
    """How many of the following texts are the flag's values."""
    ahead = next((n for n, text in enumerate(rest) if looks_like_flag(text)), len(rest))
    if not matches:  # unknown: one value, so that it is not told a second time
        return min(ahead, 1)
    nargs = matches[0].flag.nargs
    if nargs in ("+", "*"):
        return ahead
    return min(ahead, nargs if isinstance(nargs, int) else 1)


def _optimization(argv: Sequence[str], start: int, catalogue: Catalogue) -> Given:
    text = argv[start]
    matches = catalogue.matches("--optimization-level")
    if text != "-O":
        return Given("-O", matches, (), (text[2:].removeprefix("="),), True, start, start + 1)
    value = argv[start + 1 : start + 2]
    if value and value[0] in ("0", "1", "2", "3"):
        return Given("-O", matches, (), tuple(value), False, start, start + 2)
    return Given("-O", (), (), (), False, start, start + 1)

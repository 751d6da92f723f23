"""A rule: which line it knows, what that means and what to do, as data."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from deployments.engines.validation import Fix, Level
from deployments.planning.spec import Spec

Values = Mapping[str, str]
# What has more digits is no number of tokens or bytes, and Python may refuse to read it.
_LONGEST_NUMBER = 18


class Place(StrEnum):
    """Who said the line: the container (the engine, the deployed module, the provider's runtime in it), or
    the provider and the panel outside of it (builds, deploys, wakes)."""

    CONTAINER = "container"
    OUTSIDE = "outside"


class Depth(IntEnum):
    """How near to the cause: of one life's errors the nearest is the card, the others follow from it."""

    CAUSE = 0
    GENERAL = 1  # a cause as well, but a rule that knows more of it goes before
    CONSEQUENCE = 2
    END = 3


@dataclass(frozen=True, slots=True)
class Ended:
    """How a life ended, or why the panel put it out. `lit_s` is in seconds of life (provider time);
    `phase_label` is what people call the phase."""

    reason: str
    phase: str = ""
    lit_s: float = 0.0
    ready: bool = False
    phase_label: str = ""


def _unknown() -> float | None:
    return None


@dataclass(frozen=True, slots=True)
class Context:
    """What is known besides the lines. `spec` is that of the release; `usual_weights_s` is asked only where a
    rule needs it (seconds of life, None where there is no history)."""

    spec: Spec | None = None
    usual_weights_s: Callable[[], float | None] = _unknown
    ended: Ended | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """`title`, `cause` and `remedy` may name groups of the pattern in braces. `when` says whether the line
    means it, given its values; `ending` makes a rule that looks at how a life ended instead of at a line.
    `brief` stands for `cause` where the line leaves out a value that `cause` names.
    `change` is the change of configuration, None where it cannot say one. `slows` marks what makes a start
    so slow that it can run out of time. `documented` is True where nobody here has seen such a line.
    """

    code: str
    title: str
    cause: str
    remedy: str
    sources: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...] = ()
    level: Level = Level.ERROR
    depth: Depth = Depth.CAUSE
    place: Place = Place.CONTAINER
    when: Callable[[Values, Context], bool] | None = None
    ending: Callable[[Ended, Context], bool] | None = None
    change: Callable[[Values, Spec], Fix | None] | None = None
    slows: bool = False
    documented: bool = False
    brief: str = ""

    def why(self, values: Values) -> str:
        """The cause with the line's values in it."""
        named = re.findall(r"\{(\w+)\}", self.cause)
        whole = all(values.get(name) for name in named)
        return filled(self.cause if whole or not self.brief else self.brief, values)

    def fix(self, values: Values, spec: Spec) -> Fix | None:
        """The change for a configuration; None where there is none, where it says so already, or where no
        sum can be made with the numbers of the line: anybody may write such a line."""
        try:
            fix = self.change(values, spec) if self.change is not None else None
        except (ValueError, ArithmeticError):
            return None
        now = spec.to_json()
        return fix if fix is not None and any(now[key] != new for key, new in fix.patch.items()) else None


def said(*patterns: str) -> tuple[re.Pattern[str], ...]:
    """Patterns for the beginning of what a process said."""
    return tuple(re.compile(pattern) for pattern in patterns)


def filled(template: str, values: Values) -> str:
    """A text with its values in place, whole numbers with their thousands apart."""
    return re.sub(r"\{(\w+)\}", lambda found: _shown(values.get(found[1], "")), template)


def _shown(value: str) -> str:
    number = value.isascii() and value.isdigit() and 4 < len(value) <= _LONGEST_NUMBER
    return f"{int(value):,}" if number else value

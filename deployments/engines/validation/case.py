"""What a rule looks at: the spec, its argv taken apart, and what else is known."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from deployments.planning.memory.calibration import Calibration
from deployments.planning.memory.shape import Shape
from deployments.planning.spec import Spec

from ..catalogue import Catalogue
from ..vllm import settings_flags
from .argv import Given, take_apart
from .finding import Fix
from .models import ModelFacts, known_model

_DIGITS = 9  # of a number; more of them are as wrong, and cannot be said


@dataclass(frozen=True, slots=True)
class Context:
    """What is known besides the spec. `boot_p99_s` is of this deployment's own starts, in seconds of life;
    `model` and `shape` of its config.json, `calibration` of its own runs; `shared` where people who do not
    trust each other use the same host."""

    catalogue: Catalogue
    boot_p99_s: float | None = None
    model: ModelFacts | None = None
    shared: bool = False
    shape: Shape | None = None
    calibration: Calibration | None = None


@dataclass(frozen=True)
class Case:
    """A spec under judgement."""

    spec: Spec
    context: Context

    @property
    def catalogue(self) -> Catalogue:
        """The flags of the chosen version."""
        return self.context.catalogue

    @cached_property
    def settings(self) -> tuple[str, ...]:
        """The arguments that the settings become."""
        return tuple(settings_flags(self.spec))

    @cached_property
    def given(self) -> list[Given]:
        """Every flag of the argv. The two halves are taken apart on their own: none takes the other's."""
        return take_apart(self.settings, self.catalogue) + self.extra

    @cached_property
    def extra(self) -> list[Given]:
        """The flags that somebody typed; their positions are those in `extra_flags`."""
        return take_apart(self.spec.extra_flags, self.catalogue)

    @cached_property
    def model(self) -> ModelFacts:
        """What is known of the model; its fields are None where nothing is."""
        return self.context.model or known_model(self.spec.model)

    def typed(self, *dests: str) -> Iterator[Given]:
        """The typed flags that set one of these destinations."""
        return (given for given in self.extra if given.flag is not None and given.flag.dest in dests)

    def switched(self, dest: str) -> bool | None:
        """How a switch stands in the end; None where nobody touched it."""
        found = [given for given in self.given if given.flag is not None and given.flag.dest == dest]
        return found[-1].is_on if found else None

    def whole(self, dest: str, default: int) -> int:
        """The number that a flag has in the end."""
        found = [given for given in self.given if given.flag is not None and given.flag.dest == dest]
        value = found[-1].value if found else ""
        if not (value.isascii() and value.isdigit()):
            return default
        return int(value[:_DIGITS])

    def environment(self) -> Iterator[tuple[str, str, str]]:
        """Every plain variable: field, name, value."""
        for field, pairs in (
            ("environment", self.spec.environment),
            ("image.environment", self.spec.image.environment),
        ):
            yield from ((field, name, value) for name, value in pairs.items())

    def without(self, *gone: Given, **patch: Any) -> Fix:
        """The fix that takes typed flags away, and perhaps sets what they meant."""
        dropped = {position for given in gone for position in range(given.start, given.end)}
        kept = [text for n, text in enumerate(self.spec.extra_flags) if n not in dropped]
        spelled = ", ".join(given.spelled for given in gone)
        words = f"Remove {spelled}" + (f" and set {', '.join(patch)}." if patch else ".")
        return Fix(words, {"extra_flags": kept} | patch)

    def spelled_as(self, given: Given, name: str) -> Fix:
        """The fix that writes a typed flag's name otherwise and keeps its value."""
        texts = list(self.spec.extra_flags)
        _, equals, value = texts[given.start].partition("=")
        dotted = "".join("." + key for key in given.keys)
        texts[given.start] = name + dotted + equals + value
        return Fix(f"Write {name}{dotted}.", {"extra_flags": texts})

    def less_variable(self, field: str, name: str) -> Fix:
        """The fix that removes a plain variable."""
        if field == "environment":
            pairs: Mapping[str, str] = self.spec.environment
            return Fix(f"Remove {name}.", {field: {key: pairs[key] for key in pairs if key != name}})
        image = self.spec.to_json()["image"]
        image["environment"] = {key: value for key, value in image["environment"].items() if key != name}
        return Fix(f"Remove {name}.", {"image": image})


def quoted(text: str) -> str:
    """A value as one would type it."""
    return shlex.quote(text)

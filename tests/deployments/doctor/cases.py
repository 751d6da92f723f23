"""The labelled corpus: logs with what the doctor must say of them.

A case names a recorded log (`sample`; `first` so many lines; `replace` texts) or gives `lines`, which stand
`as` some process wrote them after the beginning of a recorded healthy start (`bare`: alone). `tells` are the
heads of the cards in order, `followed` what the first card has below it, `line` or `evidence` the line that
says so, `fix` the change that the first card offers. `from` says where the words come from: recorded (a real
log as it is), varied (a recorded line with other values or another prefix), documented (read in sources or
documents, never seen here), stand-in (said by the sandbox or by the panel itself).
"""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from deployments.doctor import Card, Context, Diagnosis, Ended, Place, diagnose
from deployments.planning.presets import GLM_5_2_FP8
from deployments.planning.spec import Spec

_CORPUS = Path(__file__).parent / "corpus"
_SAMPLES = Path(__file__).parents[1] / "engines" / "samples"
_BEGINNING = ("cuda-0.26.0-tiny-llama-eager", 30)


@dataclass(frozen=True, slots=True)
class Case:
    """One log and its labels."""

    name: str
    data: dict[str, Any]

    @property
    def origin(self) -> str:
        """recorded, varied, documented or stand-in."""
        return str(self.data.get("from") or ("varied" if "replace" in self.data else "recorded"))

    @property
    def lines(self) -> list[str]:
        """The whole log."""
        if "sample" in self.data:
            lines = list(recorded(self.data["sample"]))[: self.data.get("first")]
            return [_replaced(line, self.data.get("replace", {})) for line in lines]
        return self._before() + [self.data.get("as", "") + line for line in self.data["lines"]]

    @property
    def evidence(self) -> int | None:
        """The index of the line that says so; None where no line does."""
        if "evidence" in self.data:
            return next(i for i, line in enumerate(self.lines) if self.data["evidence"] in line)
        return len(self._before()) + self.data.get("line", 0) if "lines" in self.data else None

    @property
    def context(self) -> Context:
        """What the doctor is told besides the lines."""
        ended, usual_s = self.data.get("ended"), self.data.get("usual_weights_s")
        spec = Spec.from_json(GLM_5_2_FP8.to_json() | self.data.get("config", {}))
        context = Context(spec, usual_weights_s=lambda: usual_s)
        return replace(context, ended=Ended(**ended)) if ended else context

    def diagnosed(self) -> list[Card[Diagnosis]]:
        """What the doctor says."""
        return diagnose(self.lines, self.context, place=Place(self.data.get("place", "container")))

    def _before(self) -> list[str]:
        alone = self.data.get("bare") or self.data.get("place") == "outside" or "sample" in self.data
        return [] if alone else list(recorded(_BEGINNING[0]))[: _BEGINNING[1]]


def _replaced(line: str, texts: dict[str, str]) -> str:
    for old, new in texts.items():
        line = line.replace(old, new)
    return line


@cache
def recorded(stem: str) -> tuple[str, ...]:
    """The lines of a recorded log."""
    return tuple((_SAMPLES / f"{stem}.log").read_bytes().decode(errors="replace").split("\n"))


def _cases() -> list[Case]:
    found = []
    for path in sorted(_CORPUS.glob("*.yaml")):
        for number, data in enumerate(yaml.safe_load(path.read_text()), 1):
            told = "+".join(data["tells"]) or "nothing"
            found.append(Case(f"{path.stem}-{number}-{told}", data))
    return found


CASES = _cases()

"""A rule: when it speaks, and why, as data."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .case import Case
from .finding import Finding, Fix, Level


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where a rule speaks. `level` only where it differs from the rule's."""

    field: str
    cause: str
    remedy: str
    flag: str | None = None
    fix: Fix | None = None
    level: Level | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """`reason` follows every cause: what happens otherwise. `source` is where that is known from."""

    code: str
    level: Level
    reason: str
    source: str
    look: Callable[[Case], Iterator[Hit]]

    def findings(self, case: Case) -> Iterator[Finding]:
        """What it has to say about a spec."""
        for hit in self.look(case):
            yield Finding(
                level=hit.level or self.level,
                code=self.code,
                field=hit.field,
                cause=f"{hit.cause} {self.reason}".strip(),
                remedy=hit.remedy,
                flag=hit.flag,
                fix=hit.fix,
                source=self.source,
            )

"""Precision and recall of each rule on the corpus."""

from dataclasses import dataclass
from functools import cache

from deployments.doctor import RULES

from .cases import CASES


@dataclass(frozen=True, slots=True)
class Measured:
    """How often a rule was the head of a card, rightly, wrongly, or not although it should have been."""

    code: str
    cases: int
    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        """Of the times that it spoke; 1 where it never did."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """Of the times that it should have spoken; 0 where there was none to show it."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 0.0


@cache
def measured() -> tuple[Measured, ...]:
    """One row for each rule, in their order."""
    told = [(set(case.data["tells"]), {card.head.code for card in case.diagnosed()}) for case in CASES]
    return tuple(_row(rule.code, told) for rule in RULES)


def _row(code: str, told: list[tuple[set[str], set[str]]]) -> Measured:
    right = sum(code in wanted and code in got for wanted, got in told)
    wrong = sum(code not in wanted and code in got for wanted, got in told)
    missed = sum(code in wanted and code not in got for wanted, got in told)
    return Measured(code, right + missed, right, wrong, missed)

"""From lines to diagnoses, and from diagnoses to the one card of each chain."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from deployments.engines.validation import Fix, Level
from deployments.engines.vllm_log import pieces

from . import rules_life, rules_machine, rules_memory, rules_provider, rules_settings, rules_weights
from .rule import Context, Depth, Ended, Place, Rule, Values

RULES: tuple[Rule, ...] = (
    *rules_memory.RULES,
    *rules_weights.RULES,
    *rules_settings.RULES,
    *rules_machine.RULES,
    *rules_life.RULES,
    *rules_provider.RULES,
)
BY_CODE: Mapping[str, Rule] = {rule.code: rule for rule in RULES}
EVIDENCE_LIMIT = 1000
# What the engine says after this, of processes that end, is its answer to a stop that was asked for.
_STOPPING = re.compile(r"\[shutdown\] API server: shutdown triggered")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What one rule says. `index` is that of the evidence among the lines; None where no line says it."""

    code: str
    level: Level
    depth: Depth
    title: str
    cause: str
    remedy: str
    values: Values
    index: int | None
    evidence: str
    fix: Fix | None


class Told(Protocol):
    """What a chain is made of: a `Diagnosis`, or a row that keeps one."""

    @property
    def code(self) -> str: ...
    @property
    def level(self) -> str: ...
    @property
    def depth(self) -> int: ...


T = TypeVar("T", bound=Told)


@dataclass(frozen=True, slots=True)
class Card(Generic[T]):
    """One thing to tell a person: what it comes from, and what followed from it, in the order of the log."""

    head: T
    followed: tuple[T, ...] = ()


@dataclass(frozen=True, slots=True)
class Scan:
    """`stopping` is True once the engine was told to stop: pass it on to the scan of the next lines."""

    found: tuple[Diagnosis, ...]
    stopping: bool


def scan(
    lines: Iterable[str], context: Context, *, place: Place = Place.CONTAINER, stopping: bool = False
) -> Scan:
    """Every rule that a line sets off, each once, in the order of the lines."""
    found: dict[str, Diagnosis] = {}
    for index, line in enumerate(lines):
        for text in _texts(line, place):
            stopping = stopping or (place is Place.CONTAINER and _STOPPING.match(text) is not None)
            for rule, values in _matches(text, context, place):
                if rule.code not in found and not (stopping and rule.level is Level.ERROR):
                    evidence = text if place is Place.OUTSIDE else line  # a build's line may be many
                    found[rule.code] = _diagnosis(rule, values, context, index, evidence)
    return Scan(tuple(found.values()), stopping)


def _texts(line: str, place: Place) -> list[str]:
    """What was said in a line. Builds have no processes, and `ERROR: ` is pip's own word."""
    if place is Place.OUTSIDE:
        return [text.strip() for text in line.splitlines()]
    return [piece.text.strip() for piece in pieces(line)]


def endings(ended: Ended, context: Context, last_line: str = "") -> list[Diagnosis]:
    """What the end of a life says by itself; `last_line` stands as its evidence."""
    values = {"phase": ended.phase_label or ended.phase}
    return [
        _diagnosis(rule, values, context, None, last_line)
        for rule in RULES
        if rule.ending is not None and rule.ending(ended, context)
    ]


def diagnose(
    lines: Sequence[str], context: Context, *, place: Place = Place.CONTAINER
) -> list[Card[Diagnosis]]:
    """The cards of one life or one deploy, from all of its lines and from how it ended."""
    found = list(scan(lines, context, place=place).found)
    if context.ended is not None:
        known = {one.code for one in found}
        last = lines[-1] if lines else ""
        found += [one for one in endings(context.ended, context, last) if one.code not in known]
    return cards(found)


def cards(found: Iterable[T]) -> list[Card[T]]:
    """One card for all errors: its head is the nearest to the cause, of equals the first. What made a start
    slow goes before its running out of time. Warnings and advice have a card each."""
    told = list(found)
    errors = [one for one in told if one.level == Level.ERROR]
    others = [one for one in told if one.level != Level.ERROR]
    if not errors:
        return [Card(one) for one in _without_guesses(others)]
    head = min(errors, key=lambda one: one.depth)
    slow = next((one for one in others if _explains(one, head)), None)
    lead = slow if slow is not None else head
    followed = tuple(one for one in errors if one is not lead)
    return [Card(lead, followed), *(Card(one) for one in others if one is not lead and one.depth < Depth.END)]


def _explains(slow: Told, head: Told) -> bool:
    late = head.code in ("startup-timeout-too-short", "compile-hung", "start-hung")
    rule = BY_CODE.get(slow.code)
    return late and rule is not None and rule.slows


def _without_guesses(told: Sequence[T]) -> Sequence[T]:
    """The most telling first: an end that only guesses comes last."""
    return sorted(told, key=lambda one: one.depth)


def _matches(text: str, context: Context, place: Place) -> Iterable[tuple[Rule, Values]]:
    if not _ANY[place].match(text):
        return
    for rule in _AT[place]:
        for pattern in rule.patterns:
            if match := pattern.match(text):
                values = {name: value or "" for name, value in match.groupdict().items()}
                if rule.when is None or rule.when(values, context):
                    yield rule, values
                break


def _diagnosis(rule: Rule, values: Values, context: Context, index: int | None, line: str) -> Diagnosis:
    fix = rule.fix(values, context.spec) if context.spec is not None else None
    return Diagnosis(
        code=rule.code,
        level=rule.level,
        depth=rule.depth,
        title=rule.title,
        cause=rule.why(values),
        remedy=rule.remedy,
        values=values,
        index=index,
        evidence=line.strip()[:EVIDENCE_LIMIT],
        fix=fix,
    )


def _any_of(rules: Iterable[Rule]) -> re.Pattern[str]:
    """One look for all rules: nearly every line sets off none."""
    texts = [re.sub(r"\?P<\w+>", "?:", pattern.pattern) for rule in rules for pattern in rule.patterns]
    return re.compile("|".join(f"(?:{text})" for text in texts))


_AT: Mapping[Place, tuple[Rule, ...]] = {
    place: tuple(rule for rule in RULES if rule.place is place and rule.patterns) for place in Place
}
_ANY: Mapping[Place, re.Pattern[str]] = {place: _any_of(rules) for place, rules in _AT.items()}

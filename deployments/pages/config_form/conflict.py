"""Two people saved: what is theirs and what is mine, side by side."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model

from deployments.pages.release_words import LABELS, said
from deployments.planning.merging import ABSENT, Path, Row, compare
from deployments.services.describe import DESCRIBED

from .controls import CONTROLS
from .texts import Texts


@dataclass(frozen=True, slots=True)
class Side:
    """One place that somebody changed. `whose` is theirs, mine, same or both."""

    label: str
    base: str
    theirs: str
    mine: str
    whose: str


def sides(base: Mapping[str, Any], theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> list[Side]:
    """Every place that either changed, those that both did first."""
    rows = compare(base, theirs, mine)
    names = _people(rows)
    found = [Side(label_of(row.path), *_values(row, names), _whose(row)) for row in rows]
    return sorted(found, key=lambda side: side.whose != "both")


def hidden(texts: Texts) -> list[tuple[str, str]]:
    """What was typed, for a page that goes on with it."""
    return [(name, text) for name, found in texts.items() for text in found]


def label_of(path: Path) -> str:
    """A place as people call it: Environment, HF_HOME."""
    for length in range(len(path), 0, -1):
        control = CONTROLS.get(".".join(path[:length]))
        if control is not None:
            return ", ".join([control.label, *path[length:]])
    return LABELS.get(path[0]) or DESCRIBED.get(path[0]) or path[0]


def _whose(row: Row) -> str:
    if row.by_both:
        return "both"
    if not row.is_mine:
        return "theirs"
    return "mine" if row.theirs == row.base else "same"


def _values(row: Row, names: Mapping[int, str]) -> tuple[str, str, str]:
    values = (row.base, row.theirs, row.mine)
    if row.path == ("owner_id",):
        first, second, third = (names.get(value, "nobody") if value else "nobody" for value in values)
        return first, second, third
    first, second, third = ("not set" if value is ABSENT else said(value) for value in values)
    return first, second, third


def _people(rows: list[Row]) -> dict[int, str]:
    asked = [value for row in rows if row.path == ("owner_id",) for value in (row.base, row.theirs, row.mine)]
    if not asked:
        return {}
    people = get_user_model().objects.filter(pk__in=[pk for pk in asked if isinstance(pk, int)])
    return {person.pk: person.get_full_name() or person.get_username() for person in people}

"""What a button of the form does to what is typed, saving nothing: mend, add a row, take one away."""

from collections.abc import Mapping

from .controls import CONTROLS, Control
from .judging import Judged
from .reading import rows_of
from .texts import NAME, VALUE, Texts, patched

Moved = tuple[Texts, list[Control]]


def with_fix(texts: Texts, judged: Judged, key: str) -> Moved:
    """The texts with the fix of that key, and the controls that it changed; as they were where the finding is
    gone by now."""
    for one in judged.said:
        if one.key and one.key == key and one.finding.fix is not None:
            return patched(texts, one.finding.fix.patch)
    return texts, []


def without_row(texts: Texts, asked: str) -> Moved:
    """The texts without a row; `asked` is `environment:2`."""
    name, _, number = asked.partition(":")
    control = CONTROLS.get(name)
    if control is None or not control.is_rows or not (number.isascii() and number.isdigit()):
        return texts, []
    rows = rows_of(control, texts)
    if int(number[:6]) < len(rows):
        del rows[int(number[:6])]
    return {**texts, **_texts(control, rows)}, [control]


def with_row(texts: Texts, name: str) -> Moved:
    """The texts as they are; the list is drawn anew, with an empty row at its end."""
    control = CONTROLS.get(name)
    return texts, [control] if control is not None and control.is_rows else []


def _texts(control: Control, rows: list[tuple[str, str]]) -> Mapping[str, list[str]]:
    return {control.name + NAME: [a for a, _ in rows], control.name + VALUE: [b for _, b in rows]}

"""A document as the texts of the form's fields. Pure.

`Texts` is what a browser posts: a list of texts by name. `reading.read` gives the document back.
"""

import json
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from deployments.engines.validation.argv import looks_like_flag

from .controls import CONTROLS, Control, Kind, controls_of

Texts = dict[str, list[str]]

NAME, VALUE = ".name", ".value"  # the two fields of a row
_EXPECTED = {Kind.FLAGS: list, Kind.LINES: list, Kind.WORDS: list, Kind.PAIRS: dict}
_SPECULATION = ("method", "num_speculative_tokens")


def texts_of(document: Mapping[str, Any]) -> Texts:
    """The texts of every control."""
    texts: Texts = {}
    for control in CONTROLS.values():
        texts |= texts_at(control, document)
    return texts


def patched(texts: Mapping[str, list[str]], patch: Mapping[str, Any]) -> tuple[Texts, list[Control]]:
    """The texts with some settings replaced, and the controls that changed; whatever else was typed stays."""
    changed, touched = dict(texts), []
    for setting in patch:
        for control in controls_of(setting):
            new = texts_at(control, patch)
            old = {name: changed.get(name, []) for name in new}
            if old != new:
                changed |= new
                touched.append(control)
    return changed, touched


def texts_at(control: Control, document: Mapping[str, Any]) -> Texts:
    """The texts of one control."""
    value = value_at(control, document)
    expected = _EXPECTED.get(control.kind)
    if expected is not None and not isinstance(value, expected):
        value = expected()  # what cannot be read is left out, so that it can be mended here
    if control.kind is Kind.FLAGS:
        return _rows(control, flag_rows(str(text) for text in value))
    if control.kind is Kind.PAIRS:
        return _rows(control, value.items())
    return {control.name: [text_of(control, value)] if value is not False else []}


def value_at(control: Control, document: Mapping[str, Any]) -> Any:
    """The control's value in a document; None where there is none."""
    if control.setting == "speculative":
        speculative = document.get("speculative")
        return _speculation(speculative if isinstance(speculative, Mapping) else {}, control.path[1])
    value: Any = document
    for key in control.path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _speculation(config: Mapping[str, Any], part: str) -> Any:
    """Method and number have fields of their own; what is no such value stays among the rest."""
    number = config.get("num_speculative_tokens")
    counts = isinstance(number, int) and not isinstance(number, bool)
    plain = isinstance(config.get("method", ""), str), counts
    own = [key for key, is_plain in zip(_SPECULATION, plain, strict=True) if is_plain]
    if part in _SPECULATION:
        return config.get(part) if part in own else None
    return {key: value for key, value in config.items() if key not in own} or None


def text_of(control: Control, value: Any) -> str:
    """A value as one types it."""
    if value is None:
        return ""
    if control.kind is Kind.SWITCH:
        return "on"
    if control.kind is Kind.LINES:
        return "\n".join(map(str, value))
    if control.kind is Kind.WORDS:
        return ", ".join(map(str, value))
    if control.kind is Kind.OBJECT:
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value)


def _rows(control: Control, rows: Iterable[tuple[str, str]]) -> Texts:
    pairs = [(str(name), str(value)) for name, value in rows]
    return {control.name + NAME: [a for a, _ in pairs], control.name + VALUE: [b for _, b in pairs]}


def flag_rows(argv: Iterable[str]) -> list[tuple[str, str]]:
    """Arguments as rows of flag and value; what belongs to no flag has a row without one."""
    rows: list[tuple[str, list[str]]] = []
    for text in argv:
        if looks_like_flag(text):
            rows.append((text, []))
        elif rows and (rows[-1][0] and "=" not in rows[-1][0]):
            rows[-1][1].append(text)
        else:
            rows.append(("", [text]))
    return [(name, _joined(values)) for name, values in rows]


def flag_texts(rows: Iterable[tuple[str, str]]) -> list[str]:
    """The arguments of rows; empty rows are none. A flag may be typed without its dashes."""
    argv: list[str] = []
    for name, value in rows:
        typed = name.strip()
        flag, _, rest = (typed, "", "") if "=" in typed else typed.partition(" ")
        if flag and not flag.startswith("-"):
            flag = f"--{flag}"
        argv += [flag] if flag else []
        argv += _taken_apart(rest.strip()) + _taken_apart(value.strip())
    return argv


def _joined(values: list[str]) -> str:
    if len(values) == 1 and (values[0][:1] in "{[" or values[0] == ""):
        return values[0] or "''"
    return shlex.join(values)


def _taken_apart(value: str) -> list[str]:
    """JSON is one value as it stands; anything else is taken apart as a shell does."""
    if value[:1] in ("{", "["):
        return [value]
    try:
        return shlex.split(value)
    except ValueError:
        return [value]

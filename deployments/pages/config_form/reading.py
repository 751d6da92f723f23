"""What somebody typed as a document; what cannot be a value is said under its field. Pure."""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from deployments.engines.validation.values import human_int
from deployments.planning.spec import Spec

from .controls import CONTROLS, Control, Kind
from .texts import NAME, VALUE, Texts, flag_texts

_UNITS = {"": 1, "s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600, "hour": 3600}
_PART = re.compile(r"(\d+(?:[.,]\d+)?)\s*([a-z]*)\s*")
_LONGEST = 20_000  # letters of one field


class Unreadable(ValueError):
    """A text cannot be a value; the message is the remedy."""


@dataclass(slots=True)
class Reading:
    """The document, with the default in place of what could not be read, and what is said of that."""

    document: dict[str, Any]
    errors: dict[str, str] = field(default_factory=dict)


def read(texts: Mapping[str, list[str]]) -> Reading:
    """Every control's value."""
    defaults = Spec.defaults()
    reading = Reading({"image": {}, "speculative": {}})
    for control in CONTROLS.values():
        try:
            value = _value(control, texts)
        except Unreadable as error:
            reading.errors[control.name] = str(error)
            value = defaults.get(control.name)
        place = reading.document
        for key in control.path[:-1]:
            place = place[key]
        place[control.path[-1]] = value
    reading.document["speculative"] = _speculation(reading.document["speculative"])
    return reading


def posted(data: Any) -> Texts:
    """The form's texts out of a QueryDict; whatever else was sent is left out."""
    names = [name for control in CONTROLS.values() for name in _names(control)]
    return {name: [text[:_LONGEST].replace("\0", "") for text in data.getlist(name)] for name in names}


def rows_of(control: Control, texts: Mapping[str, list[str]]) -> list[tuple[str, str]]:
    """The rows of a list as they were typed, empty ones too."""
    names, values = (texts.get(control.name + part, []) for part in (NAME, VALUE))
    count = max(len(names), len(values))
    filled = ([*one, *[""] * (count - len(one))] for one in (names, values))
    return list(zip(*filled, strict=True))


def rows_that_say(control: Control, texts: Mapping[str, list[str]]) -> list[tuple[str, str]]:
    """The rows of a list that are not empty."""
    return [row for row in rows_of(control, texts) if any(part.strip() for part in row)]


def _names(control: Control) -> tuple[str, ...]:
    return (control.name + NAME, control.name + VALUE) if control.is_rows else (control.name,)


def _value(control: Control, texts: Mapping[str, list[str]]) -> Any:
    if control.kind is Kind.FLAGS:
        return flag_texts(rows_of(control, texts))
    if control.kind is Kind.PAIRS:
        return _pairs(rows_of(control, texts))
    text = (texts.get(control.name) or [""])[0]
    if control.kind is Kind.SWITCH:
        return bool(text)
    return _READERS[control.kind](control, text if control.kind is Kind.NOTES else text.strip())


def _text(control: Control, text: str) -> str | int | None:
    if control.name == "owner_id":
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
    return text if text or control.needed or control.name == "name" else None


def _whole(control: Control, text: str) -> Any:
    return _number(control, text, human_int, "Give a whole number, for example 32.")


def _decimal(control: Control, text: str) -> Any:
    return _number(control, text, float, "Give a number, for example 96 or 0.5.")


def _number(control: Control, text: str, reader: Callable[[str], Any], remedy: str) -> Any:
    if not text:
        return _left_empty(control, remedy)
    try:
        number = reader(re.sub(r"[,_\s’]", "", text))
    except ValueError:
        raise Unreadable(f"“{text[:40]}” is no number. {remedy}") from None
    if isinstance(number, float) and not math.isfinite(number):
        raise Unreadable(f"“{text[:40]}” is no number. {remedy}")
    return number


def _left_empty(control: Control, remedy: str) -> Any:
    """None where the setting may have no value, its default where it has one."""
    default = Spec.defaults().get(control.name)
    if control.needed:
        raise Unreadable(remedy)
    return default


def _seconds(control: Control, text: str) -> Any:
    """`900`, `15 min`, `1 h 30 min`."""
    remedy = "Give seconds, or a time such as 15 min or 1 h."
    if not text:
        return _left_empty(control, remedy)
    parts, total, at = text.lower().replace("minutes", "min").replace("hours", "h"), 0.0, 0
    for found in _PART.finditer(parts):
        unit = _UNITS.get(found[2].rstrip("s") if len(found[2]) > 1 else found[2])
        if found.start() != at or unit is None:
            break
        total, at = total + float(found[1].replace(",", ".")) * unit, found.end()
    if at != len(parts) or not math.isfinite(total):
        raise Unreadable(f"“{text[:40]}” is no time. {remedy}")
    whole = isinstance(Spec.defaults()[control.name], int)
    if whole and total != int(total):
        raise Unreadable(f"“{text[:40]}” is no whole number of seconds.")
    return int(total) if whole else total


def _share(control: Control, text: str) -> Any:
    try:
        if text and Decimal(text).is_finite():
            return text
    except InvalidOperation:
        pass
    if not text:
        return _left_empty(control, "")
    raise Unreadable(f"“{text[:40]}” is no share. Give one such as 0.92.")


def _money(control: Control, text: str) -> str | None:
    plain = text.lstrip("$").replace(",", "").strip()
    if not plain:
        return None
    try:
        return str(Decimal(plain).quantize(Decimal("0.01")))
    except InvalidOperation:  # also of what has more digits than any amount
        raise Unreadable(f"“{text[:40]}” is no amount. Give dollars such as 5 or 12.50.") from None


def _words(control: Control, text: str) -> list[str]:
    return text.replace(",", " ").split()


def _lines(control: Control, text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _object(control: Control, text: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Unreadable('This is no JSON object. Write it as {"key": "value"}, or leave it empty.')
    return value


def _pairs(rows: list[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in ((name.strip(), value.strip()) for name, value in rows):
        if not name and value:
            raise Unreadable("One row has a value and no name. Give it one, or empty it.")
        if name in found:
            raise Unreadable(f"{name} is there twice. Keep one of them.")
        if name:
            found[name] = value
    return found


def _speculation(parts: dict[str, Any]) -> dict[str, Any] | None:
    """Its fields as one object; None where all are empty."""
    more = parts.pop("more") or {}
    return {name: value for name, value in parts.items() if value is not None} | more or None


_READERS: Mapping[Kind, Callable[[Control, str], Any]] = {
    Kind.TEXT: _text,
    Kind.CHOICE: _text,
    Kind.NOTES: lambda _, text: text.replace("\r\n", "\n"),
    Kind.WHOLE: _whole,
    Kind.NUMBER: _decimal,
    Kind.SECONDS: _seconds,
    Kind.SHARE: _share,
    Kind.MONEY: _money,
    Kind.WORDS: _words,
    Kind.LINES: _lines,
    Kind.OBJECT: _object,
}

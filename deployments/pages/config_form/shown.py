"""The form as a template draws it: sections of fields, each with its texts, marks and choices."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from deployments.engines.catalogue import Catalogue, Flag
from deployments.engines.inner import Field
from deployments.pages import words
from deployments.planning.spec import Spec
from deployments.services.preflight import catalogue_for

from .controls import SECTIONS, Control, Kind, Section
from .judging import Differs, Judged, Said
from .options import Around, Options, options_of
from .reading import rows_of, rows_that_say
from .texts import Texts, text_of, value_at

_DEFAULTS = Spec.defaults()
_KINDS = {
    "bool": "switch", "str": "text", "int": "whole number", "float": "number", "json": "JSON",
    "parse_dataclass": "JSON", "union_dict_and_str": "JSON or text", "human_readable_int": "whole number",
    "human_readable_int_or_auto": "whole number or auto",
}  # fmt: skip
_LONG = 60


@dataclass(frozen=True, slots=True)
class RowShown:
    """One row of a list; `flag` is what the catalogue knows of it, `wrong` that an error names it."""

    number: int
    name: str
    value: str
    flag: "FlagShown | None" = None
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class FlagShown:
    """A flag of the catalogue in words. `choices` are all of them, `some` as many as a line holds."""

    name: str
    kind: str
    choices: tuple[str, ...]
    some: str
    default: str
    group: str
    deprecated: bool
    takes_value: bool


@dataclass(frozen=True, slots=True)
class FieldShown:
    """One control with what was typed and what is said of it. `rows` are those of a list that say something,
    and an empty one; `typed` all that stand on the page, by their numbers there."""

    control: Control
    text: str
    default: str
    rows: list[RowShown] = field(default_factory=list)
    typed: list[RowShown] = field(default_factory=list)
    options: Options = field(default_factory=list)
    error: str = ""
    said: list[Said] = field(default_factory=list)
    differs: Differs | None = None
    means: str = ""
    focus: bool = False

    @property
    def is_set(self) -> bool:
        """Whether anything else than the default stands there."""
        text = self.text if self.text != text_of(self.control, _default_value(self.control)) else ""
        return bool(text) or any(row.name for row in self.rows)

    @property
    def is_blank(self) -> bool:
        """Whether it has to be filled in and nobody did yet, which is no mistake."""
        return self.control.needed and not self.text.strip()

    @property
    def marked(self) -> bool:
        """Whether anything is said of it."""
        return bool(self.error or self.said or self.differs)

    @property
    def key(self) -> str:
        """As part of an id."""
        return self.control.key

    @property
    def known(self) -> bool:
        """Whether the value is one of the options."""
        return not self.text or any(value == self.text for value, _ in self.options)


@dataclass(frozen=True, slots=True)
class SectionShown:
    """A section; `open` says whether its folded part is."""

    section: Section
    fields: list[FieldShown]
    rare: list[FieldShown]

    @property
    def all(self) -> list[FieldShown]:
        """Every field of it."""
        return [*self.fields, *self.rare]

    @property
    def open(self) -> bool:
        """Whether somebody has to see what is folded away."""
        return any(one.marked for one in self.rare)

    @property
    def count(self) -> int:
        """How many of the folded ones are not as by default."""
        return sum(one.is_set for one in self.rare)


def sections_of(texts: Texts, judged: Judged, *, focus: str = "") -> list[SectionShown]:
    """The whole form. `focus` names the control that takes the keyboard."""
    version = (texts.get("engine_version") or [""])[0]
    around = Around(catalogue_for(version), judged.prices)

    def shown(controls: tuple[Control, ...]) -> list[FieldShown]:
        return [_field(control, texts, judged, around, focus) for control in controls]

    return [SectionShown(section, shown(section.controls), shown(section.rarely)) for section in SECTIONS]


def _field(control: Control, texts: Texts, judged: Judged, around: Around, focus: str) -> FieldShown:
    return FieldShown(
        control=control,
        text=(texts.get(control.name) or [""])[0],
        default=default_of(control),
        rows=_rows(control, [*rows_that_say(control, texts), ("", "")], around, judged),
        typed=_rows(control, rows_of(control, texts), around, judged),
        options=options_of(control.options, around) if control.options else [],
        error=judged.errors.get(control.name, ""),
        said=judged.at(control),
        differs=judged.differs.get(control.name),
        means=_meaning(control, judged),
        focus=control.name == focus,
    )


def default_of(control: Control) -> str:
    """What holds where the field is left empty, in words; empty where it has to be filled in."""
    if control.default or control.kind is Kind.SWITCH:
        return control.default
    value = _default_value(control)
    if control.kind is Kind.SECONDS and value is not None:
        return words.duration(value)
    return "" if value is None else text_of(control, value)


def _default_value(control: Control) -> Any:
    return value_at(control, _DEFAULTS) if control.setting in _DEFAULTS else None


def _rows(control: Control, rows: list[tuple[str, str]], around: Around, judged: Judged) -> list[RowShown]:
    if control.kind is not Kind.FLAGS:
        return [RowShown(number, *row) for number, row in enumerate(rows)] if control.is_rows else []
    wrong = {one.finding.flag for one in judged.at(control) if one.finding.level == "error"}
    found = []
    for number, (name, value) in enumerate(rows):
        flag = flag_named(name, around.catalogue)
        spelled = {"--" + name.strip().lstrip("-").split("=")[0], *_full_names(name, around.catalogue)} - {
            "--"
        }
        found.append(RowShown(number, name, value, flag, bool(spelled & wrong)))
    return found


def _full_names(spelling: str, catalogue: Catalogue) -> set[str]:
    """The names by which a finding calls a flag that may be typed short, or dotted."""
    root = spelling.strip().split("=")[0].split(".")[0]
    return {match.flag.name for match in catalogue.matches(root if root.startswith("-") else f"--{root}")}


def flag_named(spelling: str, catalogue: Catalogue) -> FlagShown | None:
    """What the catalogue knows of a typed flag; None where it is none, or several."""
    whole = spelling.strip().split("=")[0].split(" ")[0].removesuffix("+")
    name = whole.split(".")[0]
    matches = catalogue.matches(name if name.startswith("-") or not name else f"--{name}") if name else ()
    inside = catalogue.search_inside(whole)
    if inside and inside[0][0].split(".")[1:] == whole.split(".")[1:]:
        return shown_field(*inside[0])
    return shown_flag(matches[0].flag, matches[0].name) if len(matches) == 1 else None


def shown_flag(flag: Flag, spelling: str = "") -> FlagShown:
    """A flag of the catalogue in words."""
    choices = tuple(str(choice) for choice in flag.choices or ())
    kind = flag.kind.removeprefix("optional ")
    several = "one or more: " if flag.nargs == "+" else ""
    return FlagShown(
        name=spelling or flag.name,
        kind="switch" if flag.nargs == 0 else several + _KINDS.get(kind, "text"),
        choices=choices,
        some=_some(choices),
        default=_default(flag),
        group=flag.group,
        deprecated=flag.deprecated,
        takes_value=flag.nargs != 0,
    )


def shown_field(spelling: str, field: Field) -> FlagShown:
    """A field of a flag's object in words, by the dotted spelling that sets it."""
    choices = tuple(dict.fromkeys(str(choice) for choice in field.choices))
    return FlagShown(
        name=spelling,
        kind="choice" if choices else field.expected,
        choices=choices,
        some=_some(choices),
        default=_text(field.default if isinstance(field.default, str | None) else json.dumps(field.default)),
        group="",
        deprecated=False,
        takes_value=True,
    )


def _some(choices: tuple[str, ...]) -> str:
    some = ", ".join(choices)
    return some if len(some) <= _LONG else f"{some[:_LONG].rsplit(', ', 1)[0]} and more"


def _default(flag: Flag) -> str:
    return "" if flag.default == "==SUPPRESS==" else _text(flag.default)


def _text(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"


def _meaning(control: Control, judged: Judged) -> str:
    """A number in the unit that people think in, and what it costs."""
    value = value_at(control, judged.reading.document)
    if control.kind is Kind.SECONDS and isinstance(value, (int, float)) and value >= 60:
        return _idle(value, judged) if control.name == "idle_window_s" else words.duration(value)
    if control.name == "max_model_len" and isinstance(value, int) and value >= 10_000:
        return f"{value:,} tokens"
    return ""


def _idle(seconds: float, judged: Judged) -> str:
    usd = judged.usd_per_hour
    costs = f", {words.about_money(usd * Decimal(seconds) / 3600)} each time" if usd else ""
    return words.duration(seconds) + costs


def fields_by_name(sections: list[SectionShown]) -> Mapping[str, FieldShown]:
    """Every field of a form."""
    return {one.control.name: one for section in sections for one in section.all}

"""A configuration as a YAML file: written, read strictly, and described by a JSON Schema."""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import yaml
from pydantic import TypeAdapter

from .checks import BOUNDS, SpecError, check_storable
from .spec import Spec

FORMAT = 1
LONGEST_CHARACTERS = 200_000
# The app at the provider belongs to a deployment, not to its configuration: two must never share one.
OWN = frozenset({"app_name"})
_KEYS = ("pilotlight", "name", "notes", "config")


class ConfigurationFileError(ValueError):
    """The file cannot be used. `field` is the path of the entry at fault, the message names the remedy."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class ConfigurationFile:
    """What a file says. `config` holds settings of a `Spec`, not all of them needed; they are not checked."""

    name: str
    notes: str
    config: Mapping[str, Any]


def written(file: ConfigurationFile, *, about: str, schema_url: str = "") -> str:
    """The file as text. `about` becomes its first comment; settings come in the order of `Spec`."""
    config = {
        f.name: file.config[f.name] for f in fields(Spec) if f.name in file.config and f.name not in OWN
    }
    head = [f"# {line}" for line in about.splitlines()]
    if schema_url:
        head.append(f"# yaml-language-server: $schema={schema_url}")
    document = {"pilotlight": FORMAT, "name": file.name, "notes": file.notes, "config": config}
    body = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    return "\n".join([*head, body])


def read(text: str) -> ConfigurationFile:
    """The file of a text. Raises ConfigurationFileError naming the entry or the line at fault."""
    if len(text) > LONGEST_CHARACTERS:
        raise ConfigurationFileError("file", f"is longer than {LONGEST_CHARACTERS:,} characters.")
    data = _loaded(text)
    if not isinstance(data, dict):
        raise ConfigurationFileError("file", "is no list of names with values; begin with pilotlight: 1.")
    for key in data:
        if key not in _KEYS:
            raise ConfigurationFileError(str(key), f"is unknown; there are {', '.join(_KEYS)}.")
        _storable(key, data[key])
    if type(data.get("pilotlight")) is not int or data["pilotlight"] != FORMAT:
        raise ConfigurationFileError(
            "pilotlight", f"has to be {FORMAT}, the format that this panel reads and writes."
        )
    config = data.get("config")
    if not isinstance(config, dict) or not config:
        raise ConfigurationFileError("config", "is missing; put the settings of the server under it.")
    return ConfigurationFile(_text(data, "name"), _text(data, "notes"), config)


def schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) of such a file, made from `Spec` itself."""
    spec = TypeAdapter(Spec).json_schema()
    definitions = spec.pop("$defs", {})
    for each in (spec, *definitions.values()):
        each["additionalProperties"] = False
    spec["required"] = [name for name in spec["required"] if name not in OWN]
    for name, (least, most) in BOUNDS.items():
        spec["properties"][name] |= {"minimum": least, "maximum": most}  # of a number; null stays allowed
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of a Pilotlight deployment",
        "type": "object",
        "additionalProperties": False,
        "required": ["pilotlight", "config"],
        "properties": {
            "pilotlight": {"const": FORMAT},
            "name": {"type": "string"},
            "notes": {"type": "string"},
            "config": spec,
        },
        "$defs": definitions,
    }


def _storable(key: str, value: Any) -> None:
    try:
        check_storable(key, value)
    except SpecError as error:
        raise ConfigurationFileError(key, error.message) from error


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key, "")
    if not isinstance(value, str):
        raise ConfigurationFileError(key, "is no text; write it in quotes.")
    return value


_TAG = "tag:yaml.org,2002:"
_KEPT = ("null", "bool", "int", "float")
_KINDS = (*_KEPT, "str", "seq", "map")


class _Loader(yaml.SafeLoader):
    """JSON's kinds of values only; an entry given twice or by reference is refused, not guessed at."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise _at("an alias; write the value out", self.peek_event().start_mark)  # type: ignore[no-untyped-call]
        composed: yaml.Node | None = super().compose_node(parent, index)
        if composed is not None and composed.tag.removeprefix(_TAG) not in _KINDS:
            raise _at(f"the tag {composed.tag}; write the value plainly", composed.start_mark)
        return composed

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = key_node.value
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag != "tag:yaml.org,2002:str":
                raise _at("a name that is no text; put it in quotes", key_node.start_mark)
            if key in seen:
                raise _at(f"{key} a second time; remove one", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_yaml_float(self, node: yaml.ScalarNode) -> float:
        value: float = super().construct_yaml_float(node)
        if not math.isfinite(value):
            raise _at("a number that is none; write a finite one", node.start_mark)
        return value


_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.construct_yaml_float)
# Dates, sets and binary data are texts here, as they are in JSON.
_Loader.yaml_implicit_resolvers = {
    first: kept
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    if (kept := [(tag, regexp) for tag, regexp in resolvers if tag.rpartition(":")[2] in _KEPT])
}


def _at(what: str, mark: yaml.Mark | None) -> ConfigurationFileError:
    where = f"line {mark.line + 1}" if mark is not None else "file"
    return ConfigurationFileError(where, f"holds {what}.")


def _loaded(text: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  # a SafeLoader, and stricter
    except ConfigurationFileError:
        raise
    except yaml.MarkedYAMLError as error:
        what = f"what is no YAML ({error.problem})" if error.problem else "what is no YAML"
        raise _at(what, error.problem_mark) from error
    except (ValueError, KeyError) as error:  # a number or a switch that its kind cannot be
        raise ConfigurationFileError("file", "holds a number or a switch that is none.") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigurationFileError("file", "is no YAML; export a configuration to see one.") from error

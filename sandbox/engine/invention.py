"""Values that fit a JSON schema, taken from the user's words where they fit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.engine.showcase import NAME

MAX_DEPTH = 8


def arguments_for(schema: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Arguments for a tool with these parameters, from what the user said."""
    properties = schema.get("properties") or {}
    return {name: value_for(inner, text, name) for name, inner in properties.items()}


def value_for(schema: Any, text: str, name: str = "", depth: int = 0) -> Any:
    """A value of this schema. Unknown shapes become text."""
    if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
        return NAME
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if schema.get("enum"):
        return _named_in(schema["enum"], text)
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            return value_for(schema[key][0], text, name, depth + 1)
    return _typed(schema, text, name, depth)


def _typed(schema: Mapping[str, Any], text: str, name: str, depth: int) -> Any:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if kind == "object" or (kind is None and "properties" in schema):
        inner = (schema.get("properties") or {}).items()
        return {key: value_for(part, text, key, depth + 1) for key, part in inner}
    if kind == "array":
        count = max(1, int(schema.get("minItems", 1)))
        return [value_for(schema.get("items", {}), text, name, depth + 1) for _ in range(count)]
    if kind in ("integer", "number"):
        return _number(schema, text, whole=kind == "integer")
    if kind == "boolean":
        return True
    return None if kind == "null" else _text(text, name)


def _named_in(options: list[Any], text: str) -> Any:
    lowered = text.lower()
    return next((option for option in options if str(option).lower() in lowered), options[0])


def _number(schema: Mapping[str, Any], text: str, *, whole: bool) -> float | int:
    found = re.search(r"-?\d+(?:\.\d+)?", text)
    value = float(found.group()) if found else 1.0
    value = max(value, float(schema.get("minimum", value)))
    value = min(value, float(schema.get("maximum", value)))
    return int(value) if whole else value


def _text(text: str, name: str) -> str:
    """A file's name where the parameter asks for one and the user gave one; else words of the user."""
    asked = re.search(r"path|file", name, re.IGNORECASE)
    found = re.search(r"[\w./-]*\w\.[A-Za-z]\w{0,7}\b", text) if asked else None
    return found.group() if found else _words(text)


def _words(text: str) -> str:
    """Something quoted, else what follows in/of/for/about, else a capitalised word, else the last words."""
    quoted = re.search(r"[\"“']([^\"”']{1,200})[\"”']", text)
    if quoted:
        return quoted.group(1)
    named = re.findall(r"\b(?:in|of|for|about|to)\s+((?:[A-ZÀ-Ý][\w'’-]*\s?)+)", text)
    if named:
        return str(named[-1]).strip()
    capital = re.findall(r"(?<!^)\b[A-ZÀ-Ý]\w+", text)
    return capital[-1] if capital else " ".join(text.split()[-6:])

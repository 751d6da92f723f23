"""Values as literals of a snippet's language. Their templates are text, not HTML: the page escapes them."""

import json
import shlex
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter(name="json")
def as_json(value: Any) -> SafeString:
    """A literal of JSON, which is one of YAML and JavaScript, too."""
    return mark_safe(json.dumps(value, ensure_ascii=False))  # noqa: S308 - text, escaped where it is shown


@register.filter(name="python")
def as_python(value: Any) -> SafeString:
    """A literal of Python; text in double quotes where it can be."""
    text = repr(value)
    plain = isinstance(value, str) and '"' not in value and "\\" not in text
    return mark_safe(f'"{value}"' if plain and value.isprintable() else text)  # noqa: S308 - as above


@register.filter(name="shell")
def as_shell(value: Any) -> SafeString:
    """One word of a shell."""
    return mark_safe(shlex.quote(str(value)))  # noqa: S308 - as above

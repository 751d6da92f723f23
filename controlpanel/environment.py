"""Reads settings from the environment; a bad value stops the start and says which variable and what to do."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off", ""})


def refuse(name: str, problem: str, remedy: str) -> ImproperlyConfigured:
    """The error for variable `name`; never carries the value, which may be a secret."""
    return ImproperlyConfigured(f"{name} {problem}. {remedy}")


class Environment:
    """Typed reading of environment variables. Every reader raises ImproperlyConfigured on a bad value."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def text(self, name: str, default: str = "") -> str:
        """The value without surrounding space; `default` where it is unset or blank."""
        return self._values.get(name, "").strip() or default

    def items(self, name: str) -> list[str]:
        """The parts of a comma list, blanks left out."""
        return [part.strip() for part in self._values.get(name, "").split(",") if part.strip()]

    def flag(self, name: str) -> bool:
        """True for 1, true, yes, on; False for 0, false, no, off and where it is unset."""
        value = self._values.get(name, "").strip().lower()
        if value not in _TRUE | _FALSE:
            raise refuse(name, "is neither on nor off", f"Set {name}=1 or {name}=0.")
        return value in _TRUE

    def port(self, name: str, default: int) -> int:
        """A TCP port from 1 to 65535."""
        value = self.text(name, str(default))
        if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 65535:
            raise refuse(
                name, "is no TCP port", f"Set {name} to a number from 1 to 65535, for example {default}."
            )
        return int(value)

    def whole(self, name: str, default: int, *, most: int) -> int:
        """A whole number from 1 to `most`."""
        value = self.text(name, str(default))
        if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= most:
            raise refuse(name, "is no such number", f"Set {name} to a number from 1 to {most}.")
        return int(value)

    def speed(self, name: str, default: str) -> Decimal:
        """A positive finite number."""
        try:
            value = Decimal(self.text(name, default))
        except InvalidOperation:
            value = Decimal(0)
        if not value.is_finite() or not 0 < value <= 1000:
            raise refuse(
                name, "is no speed", f"Set {name} to a number above 0, at most 1000, for example {default}."
            )
        return value

    def seconds(self, name: str, default: int) -> int:
        """A duration from 0 to a day."""
        value = self.text(name, str(default))
        if not value.isascii() or not value.isdigit() or int(value) > 86400:
            raise refuse(
                name,
                "is no duration",
                f"Set {name} to a number of seconds from 0 to 86400, for example {default}.",
            )
        return int(value)

    def url(self, name: str, default: str = "", *, schemes: tuple[str, ...]) -> str:
        """An absolute URL with one of `schemes` and a host (or, for unix sockets and files, a path)."""
        value = self.text(name, default)
        if not value:
            return value
        try:
            parts = urlsplit(value)
            complete = parts.scheme in schemes and bool(parts.hostname or parts.path.strip("/"))
            _ = parts.port
        except ValueError:
            complete = False
        if not complete:
            known = ", ".join(f"{scheme}://" for scheme in schemes)
            raise refuse(name, "is no usable address", f"Write a full URL that begins with one of {known}.")
        return value

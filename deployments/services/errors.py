"""The one way in which a service says no."""

from collections.abc import Mapping
from typing import Any


class Refused(Exception):
    """Bad input or no right. `message` says what is wrong and what to do; nothing was changed.

    `status` is the HTTP status that fits; `code` is stable for programs; `fields` names the fields at fault.
    """

    def __init__(
        self, code: str, message: str, *, status: int, fields: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.fields = dict(fields or {})


def not_allowed(message: str) -> Refused:
    """403: the actor may not do this."""
    return Refused("not_allowed", message, status=403)


def not_found(what: str) -> Refused:
    """404: there is no such thing, or the actor may not see it."""
    return Refused("not_found", f"{what} was not found.", status=404)


def bad_field(field: str, message: str) -> Refused:
    """422: one field is wrong."""
    return Refused("invalid", message, status=422, fields={field: message})

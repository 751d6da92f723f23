"""How the key services say no."""

from collections.abc import Mapping


class KeyRefused(Exception):
    """Bad input or no right; nothing was changed.

    `message` says what is wrong and what to do, `code` is stable for programs, `fields` names the fields
    at fault, `status` is the HTTP status that fits.
    """

    def __init__(
        self, code: str, message: str, *, status: int, fields: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.fields = dict(fields or {})

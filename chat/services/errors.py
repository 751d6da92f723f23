"""The one way in which a service of the playground says no."""

from collections.abc import Mapping


class ChatRefused(Exception):
    """Bad input or no right; nothing was changed. `message` says what is wrong and what to do.

    Codes: `not_found` (also for what is somebody else's), `busy` (a reply is still being written), `empty`,
    `invalid` (with `fields`), `too_large`, `not_text`, `too_many`, `cannot`.
    """

    def __init__(self, code: str, message: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = dict(fields or {})


def not_found(what: str) -> ChatRefused:
    """There is no such thing, or it is somebody else's: the two look alike."""
    return ChatRefused("not_found", f"{what} was not found.")


def bad_field(field: str, message: str) -> ChatRefused:
    """One field is wrong."""
    return ChatRefused("invalid", message, {field: message})


def busy() -> ChatRefused:
    """Another reply of the conversation is on its way."""
    return ChatRefused("busy", "A reply is still being written. Wait for it, or stop it first.")

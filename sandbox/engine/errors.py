"""Refusals, in the real server's words and shapes."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A request was refused. `param` names the field at fault."""

    def __init__(
        self, status: int, message: str, *, kind: str = "BadRequestError", param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.param = param

    def body(self) -> dict[str, Any]:
        """OpenAI's shape."""
        error = {"message": self.message, "type": self.kind, "param": self.param, "code": self.status}
        return {"error": error}

    def anthropic_body(self) -> dict[str, Any]:
        """Anthropic's shape, which the real one uses on its routes for all but validation errors."""
        if self.kind == "Bad Request":
            return self.body()
        return {"type": "error", "error": {"type": self.kind, "message": self.message}}


def bad_value(message: str, param: str, value: Any = None) -> ApiError:
    """A parameter out of its range."""
    tail = f"(parameter={param})" if value is None else f"(parameter={param}, value={value})"
    return ApiError(400, f"{message} {tail}", param=param)


def invalid(kind: str, location: str, message: str, shown: str, context: str = "") -> ApiError:
    """A body that does not fit the schema."""
    text = f"1 validation error:\n  {{'type': '{kind}', 'loc': '{location}', 'msg': '{message}', "
    text += f"'input': {shown}{context}}}"
    return ApiError(400, text, kind="Bad Request", param=location)


def shown(value: Any) -> str:
    """A value as the real one shows it in a validation error."""
    if isinstance(value, dict):
        return f"'<dict of {len(value)} items>'"
    if isinstance(value, list):
        return f"'<list of {len(value)} items>'"
    return repr(str(value)) if value is None else repr(value)

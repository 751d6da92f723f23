"""A record of the control-plane calls for tests, with everything secret left out."""

from __future__ import annotations

from collections import deque
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

_KEPT = 2000
_HIDDEN = "***"
# Field of a request: what of it is secret or too large to keep.
_HIDDEN_FIELDS = {
    "env_dict",
    "updates",
    "data",
    "args",
    "function_serialized",
    "class_serialized",
    "pipelined_inputs",
}


class Calls:
    """The latest calls."""

    def __init__(self) -> None:
        """Begin with none."""
        self._calls: deque[dict[str, Any]] = deque(maxlen=_KEPT)

    def add(self, rpc: str, request: Message, *, at: float, status: str) -> None:
        """Keep one call."""
        redacted = _redacted(MessageToDict(request, preserving_proto_field_name=True))
        self._calls.append({"rpc": rpc, "at": at, "status": status, "request": redacted})

    def as_list(self) -> list[dict[str, Any]]:
        """All that are kept, oldest first."""
        return list(self._calls)

    def clear(self) -> None:
        """Forget them."""
        self._calls.clear()


def _redacted(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _hidden(item) if key in _HIDDEN_FIELDS else _redacted(item) for key, item in value.items()
        }
    if isinstance(value, list):
        return [_redacted(item) for item in value]
    return value


def _hidden(value: Any) -> Any:
    """The shape without the values: names of a secret's variables are not secret."""
    if isinstance(value, dict):
        return dict.fromkeys(value, _HIDDEN)
    if isinstance(value, list):
        return [
            {"key": item["key"]} if isinstance(item, dict) and "key" in item else _HIDDEN for item in value
        ]
    return _HIDDEN

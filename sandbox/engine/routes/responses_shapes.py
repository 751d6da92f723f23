"""The output items of the responses protocol."""

from __future__ import annotations

from typing import Any


def reasoning_item(item_id: str, text: str | None, status: str | None) -> dict[str, Any]:
    """A reasoning item; without text it has only begun."""
    content = None if text is None else [{"text": text, "type": "reasoning_text"}]
    head = {"id": item_id, "summary": [], "type": "reasoning", "content": content}
    return head | {"encrypted_content": None, "status": status}


def message_item(item_id: str, text: str | None) -> dict[str, Any]:
    """An assistant's message; without text it has only begun."""
    content = [] if text is None else [text_part(text)]
    status = "in_progress" if text is None else "completed"
    head = {"id": item_id, "content": content, "role": "assistant", "status": status}
    return head | {"type": "message", "phase": None}


def text_part(text: str) -> dict[str, Any]:
    """The one part of a message."""
    return {"annotations": [], "text": text, "type": "output_text", "logprobs": None}


def call_item(item_id: str, call_id: str, name: str, arguments: str, status: str) -> dict[str, Any]:
    """A function call."""
    head = {"arguments": arguments, "call_id": call_id, "name": name, "type": "function_call", "id": item_id}
    return head | {"async": None, "caller": None, "namespace": None, "status": status}

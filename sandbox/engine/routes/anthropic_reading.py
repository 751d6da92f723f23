"""An Anthropic messages body read into a conversation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.engine.conversation import Conversation, Message, Tool
from sandbox.engine.routes.reading import read_tool_choice, text_of_content, told
from sandbox.engine.settings import Settings

_CHOICES = {"auto": "auto", "any": "required", "none": "none"}


def read_messages(body: Mapping[str, Any], settings: Settings) -> Conversation:
    """The conversation in a messages body. Raises ApiError for what the real one refuses."""
    messages = list[Message]()
    if body.get("system"):
        messages.append(Message("system", text_of_content(body["system"], settings)))
    for message in body["messages"]:
        messages += _turns(message, settings)
    tools = [_tool(tool) for tool in body.get("tools") or ()]
    return Conversation(
        messages=messages,
        tools=tools,
        tool_choice=read_tool_choice(_choice(body.get("tool_choice")), tools, settings),
        thinking=(body.get("thinking") or {}).get("type") != "disabled",
        parameters=told(body),
    )


def _choice(asked: Mapping[str, Any] | None) -> Any:
    if not asked:
        return None
    if asked.get("type") == "tool":
        return {"name": asked.get("name")}
    return _CHOICES.get(str(asked.get("type")))


def _tool(tool: Mapping[str, Any]) -> Tool:
    return Tool(str(tool.get("name")), str(tool.get("description") or ""), tool.get("input_schema") or {})


def _turns(message: Mapping[str, Any], settings: Settings) -> list[Message]:
    """Tool results are turns of their own; the rest of the message is one."""
    role, content = str(message.get("role") or "user"), message.get("content")
    if not isinstance(content, list):
        return [Message(role, text_of_content(content, settings))]
    results = [block for block in content if block.get("type") == "tool_result"]
    used = [block for block in content if block.get("type") == "tool_use"]
    rest = [block for block in content if block.get("type") not in ("tool_result", "tool_use")]
    turns = [Message("tool", text_of_content(block.get("content"), settings)) for block in results]
    if rest or used:
        turns.append(Message(role, text_of_content(rest, settings), _calls(used)))
    return turns


def _calls(used: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    return tuple((str(block.get("name")), json.dumps(block.get("input") or {})) for block in used)

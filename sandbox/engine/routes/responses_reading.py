"""An OpenAI responses body read into a conversation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.engine.conversation import Conversation, Message, Tool
from sandbox.engine.errors import ApiError
from sandbox.engine.routes.reading import read_tool_choice, text_of_content
from sandbox.engine.settings import Settings

_TOLD = ("temperature", "top_p", "max_output_tokens", "stream")


def read_responses(body: Mapping[str, Any], settings: Settings) -> Conversation:
    """The conversation in a responses body. Raises ApiError for what the real one refuses."""
    messages = list[Message]()
    if body.get("instructions"):
        messages.append(Message("system", str(body["instructions"])))
    given = body["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    messages += [message for item in items if (message := _turn(item, settings))]
    if not messages:
        text = "Cannot apply chat template to an empty conversation. Provide at least one message."
        raise ApiError(400, text)
    effort = (body.get("reasoning") or {}).get("effort")
    tools = [_tool(tool) for tool in body.get("tools") or () if tool.get("type") == "function"]
    return Conversation(
        messages=messages,
        tools=tools,
        tool_choice=read_tool_choice(body.get("tool_choice"), tools, settings) if tools else "none",
        thinking=effort != "none",
        effort=effort,
        json_schema=_schema(body.get("text")),
        parameters={name: body[name] for name in _TOLD if body.get(name) is not None},
    )


def _turn(item: Mapping[str, Any], settings: Settings) -> Message | None:
    kind = item.get("type")
    if kind == "reasoning":
        return None
    if kind == "function_call":
        return Message("assistant", "", ((str(item.get("name")), str(item.get("arguments") or "")),))
    if kind == "function_call_output":
        return Message("tool", text_of_content(item.get("output"), settings))
    return Message(str(item.get("role") or "user"), text_of_content(item.get("content"), settings))


def _tool(tool: Mapping[str, Any]) -> Tool:
    return Tool(str(tool.get("name")), str(tool.get("description") or ""), tool.get("parameters") or {})


def _schema(text: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    form = (text or {}).get("format") or {}
    if form.get("type") == "json_object":
        return {}
    schema: Mapping[str, Any] = form.get("schema") or {}
    return schema if form.get("type") == "json_schema" else None

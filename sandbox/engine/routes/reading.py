"""An OpenAI chat body read into a conversation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.engine.conversation import Conversation, Message, Tool
from sandbox.engine.errors import ApiError, bad_value
from sandbox.engine.settings import Settings

# What the description of a request repeats.
_TOLD = ("temperature", "top_p", "max_tokens", "max_completion_tokens", "stream", "stop", "n", "seed")


def read_chat(body: Mapping[str, Any], settings: Settings) -> Conversation:
    """The conversation in a chat completion body. Raises ApiError for what the real one refuses."""
    messages = [_message(message, settings) for message in body["messages"]]
    if not messages:
        text = "Cannot apply chat template to an empty conversation. Provide at least one message."
        raise ApiError(400, text)
    tools = [_tool(tool) for tool in body.get("tools") or ()]
    choice = read_tool_choice(body.get("tool_choice"), tools, settings)
    return Conversation(
        messages=messages,
        tools=tools,
        tool_choice=choice,
        thinking=_thinking(body),
        effort=body.get("reasoning_effort"),
        json_schema=_schema(body.get("response_format")),
        parameters=told(body),
        continues=_continues(body, messages),
    )


def told(body: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters worth repeating to the user."""
    return {name: body[name] for name in _TOLD if body.get(name) is not None}


def read_tool_choice(asked: Any, tools: Sequence[Tool], settings: Settings) -> str:
    """none, auto, required, or "=NAME". Raises ApiError where it does not go with the tools or flags."""
    if not tools:
        if asked not in (None, "none"):
            raise bad_value("When using `tool_choice`, `tools` must be set.", "tool_choice")
        return "none"
    if isinstance(asked, Mapping):
        name = str(asked.get("function", asked).get("name"))
        if name not in [tool.name for tool in tools]:
            text = "The tool specified in `tool_choice` does not match any of the specified `tools`"
            raise bad_value(text, "tool_choice")
        return f"={name}"
    if asked in (None, "auto") and not (settings.auto_tools and settings.tool_parser):
        text = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
        raise ApiError(400, text)
    return str(asked or "auto")


def text_of_content(content: Any, settings: Settings) -> str:
    """The text in a message's content. Raises ApiError for pictures and sound: GLM-5.2 reads text."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    parts = list[str]()
    for part in content:
        if isinstance(part, str):
            parts.append(part)
        elif part.get("text") is not None or part.get("type") in ("text", "input_text", "output_text"):
            parts.append(str(part.get("text") or ""))
        elif part.get("type") in ("thinking", "reasoning", "refusal"):
            continue
        else:
            raise ApiError(400, f"{settings.served_names[0]} is not a multimodal model")
    return "\n".join(parts)


def _message(message: Mapping[str, Any], settings: Settings) -> Message:
    calls = [call.get("function") or {} for call in message.get("tool_calls") or ()]
    return Message(
        role=str(message.get("role") or "user"),
        text=text_of_content(message.get("content"), settings),
        calls=tuple((str(call.get("name")), _argument_text(call.get("arguments"))) for call in calls),
    )


def _argument_text(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments or {})


def _tool(tool: Mapping[str, Any]) -> Tool:
    function = tool.get("function") or {}
    return Tool(
        name=str(function.get("name")),
        description=str(function.get("description") or ""),
        parameters=function.get("parameters") or {},
    )


def _thinking(body: Mapping[str, Any]) -> bool:
    wishes = body.get("chat_template_kwargs") or {}
    return wishes.get("enable_thinking") is not False and body.get("reasoning_effort") != "none"


def _continues(body: Mapping[str, Any], messages: Sequence[Message]) -> bool:
    """True where the last message is to go on; both switches at once are refused as by the real one."""
    if not body.get("continue_final_message"):
        return False
    if body.get("add_generation_prompt", True):
        text = "Cannot set both `continue_final_message` and `add_generation_prompt` to True."
        raise ApiError(400, text)
    return len(messages) > 1 and messages[-1].role == "assistant"


def _schema(form: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    kind = (form or {}).get("type")
    if form is None or kind in (None, "text"):
        return None
    if kind == "json_object":
        return {}
    if not form.get("json_schema"):
        text = "When response_format type is 'json_schema', the 'json_schema' field must be provided."
        raise bad_value(text, "response_format")
    schema: Mapping[str, Any] = form["json_schema"].get("schema") or {}
    return schema

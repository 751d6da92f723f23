"""What the stand-in says: always that it is no model, and something useful for trying out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.engine.conversation import Conversation, Tool
from sandbox.engine.invention import arguments_for, value_for
from sandbox.engine.showcase import CODE, MARKDOWN, NAME, TABLE, html_page, long_text

DEFAULT_LONG_WORDS = 800
MAX_LONG_WORDS = 20_000

# The first pattern found in the last user message decides.
_WISHES: tuple[tuple[str, str, Callable[[str], str]], ...] = (
    (
        r"\b\d{2,6}[ -]words?\b|\blong (?:answer|text|story)\b",
        "a long text",
        lambda t: long_text(_word_count(t)),
    ),
    (r"\bhtml\b|\bgame\b|\bweb ?page\b|flappy", "a small HTML page", lambda _: html_page()),
    (r"\btables?\b", "a table", lambda _: TABLE),
    (r"\bmarkdown\b", "a Markdown tour", lambda _: MARKDOWN),
    (r"\bcode\b|\bpython\b|\bscript\b|\bprogram\b", "some Python code", lambda _: CODE),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """Reasoning, text, and tool calls as (name, arguments text)."""

    reasoning: str
    content: str
    calls: tuple[tuple[str, str], ...] = ()


def make_answer(conversation: Conversation, prompt_tokens: int) -> Answer:
    """The answer to a conversation whose prompt has so many tokens."""
    said = _last_said(conversation)
    tool = _wanted_tool(conversation, said)
    if tool is not None:
        arguments = json.dumps(arguments_for(tool.parameters, said), ensure_ascii=False)
        return Answer(_thoughts(conversation, f"a call of {tool.name}"), "", ((tool.name, arguments),))
    if conversation.json_schema is not None:
        return Answer(_thoughts(conversation, "JSON"), _json_text(conversation, said))
    if conversation.messages[-1].role == "tool":
        return Answer(_thoughts(conversation, "the tool's result"), _after_tool(conversation))
    for pattern, name, make in _WISHES:
        if re.search(pattern, said, re.IGNORECASE):
            return Answer(_thoughts(conversation, name), make(said))
    text = _description(conversation, said, prompt_tokens)
    return Answer(_thoughts(conversation, "a description of the request"), text)


def _last_said(conversation: Conversation) -> str:
    said = [message.text for message in conversation.messages if message.role == "user"]
    return said[-1] if said else conversation.messages[-1].text


def _wanted_tool(conversation: Conversation, said: str) -> Tool | None:
    """The tool to call: the one insisted on, or one that the user's words name."""
    if conversation.tool_choice == "none" or not conversation.tools:
        return None
    if conversation.forced_tool:
        return next(tool for tool in conversation.tools if tool.name == conversation.forced_tool)
    if conversation.messages[-1].role != "user" and conversation.tool_choice != "required":
        return None
    named = next((tool for tool in conversation.tools if _names(said, tool)), None)
    if named or conversation.tool_choice != "required":
        return named
    return conversation.tools[0]


def _names(said: str, tool: Tool) -> bool:
    lowered = said.lower()
    if tool.name.lower() in lowered:
        return True
    words = re.findall(r"[a-z]{4,}", re.sub(r"([A-Z])", r" \1", tool.name).lower())
    return any(re.search(rf"\b{word}", lowered) for word in words)


def _thoughts(conversation: Conversation, choice: str) -> str:
    if not conversation.thinking:
        return ""
    count = len(conversation.messages)
    first = f"No model thinks here. I choose {choice}."
    if conversation.effort == "low":
        return first
    return f"The request has {count} message{'s' * (count != 1)}. {first}"


def _json_text(conversation: Conversation, said: str) -> str:
    schema = conversation.json_schema or {}
    if schema:
        return json.dumps(value_for(schema, said), ensure_ascii=False)
    return json.dumps({"engine": NAME, "you_said": said[-200:]}, ensure_ascii=False)


def _after_tool(conversation: Conversation) -> str:
    result = conversation.messages[-1].text.strip() or "nothing"
    return f"The tool answered: {result[:2000]}\n\nThis is {NAME}: it repeats the result and adds nothing."


def _description(conversation: Conversation, said: str, prompt_tokens: int) -> str:
    roles = ", ".join(message.role for message in conversation.messages[-6:])
    given = ", ".join(f"`{name}={_short(value)}`" for name, value in conversation.parameters.items())
    words = " ".join(said.split()[-12:])
    lines = [
        f"Hello! This is **{NAME}**. Your request arrived, and this answer came back the same way a real one "
        "would.",
        "",
        f"- messages: {len(conversation.messages)} (last roles: {roles})",
        f"- prompt: {prompt_tokens} tokens",
        f"- parameters: {given or 'none'}",
        f"- tools: {', '.join(tool.name for tool in conversation.tools) or 'none'}",
        f"- your last words: “{words}”",
        "",
        "Ask for *Markdown*, *Python code*, a *table*, an *HTML game* or *500 words*, or name a tool to see "
        "it called.",
    ]
    return "\n".join(lines) + "\n"


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 40 else text[:37] + "..."


def _word_count(text: str) -> int:
    found = re.search(r"(\d{2,6})[ -]words?\b", text, re.IGNORECASE)
    return min(MAX_LONG_WORDS, int(found.group(1))) if found else DEFAULT_LONG_WORDS

"""A request as the engine sees it, whichever protocol it came by, and the prompt it becomes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.engine.tokens import pieces


@dataclass(frozen=True, slots=True)
class Message:
    """One turn: its text, and the names of the tools it called."""

    role: str
    text: str
    calls: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Tool:
    """A function the model may call."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Conversation:
    """What to answer, and how."""

    messages: Sequence[Message]
    tools: Sequence[Tool] = ()
    tool_choice: str = "none"  # none, auto, required, or a tool's name after "="
    thinking: bool = True
    effort: str | None = None
    json_schema: Mapping[str, Any] | None = None  # {} is any object
    parameters: Mapping[str, Any] = field(default_factory=dict)
    continues: bool = False  # the last message is the answer so far, and is to go on

    @property
    def before_answer(self) -> Conversation:
        """The conversation without the answer that is to go on."""
        return replace(self, messages=self.messages[:-1], continues=False) if self.continues else self

    @property
    def said_so_far(self) -> str:
        """The text that is to go on."""
        return self.messages[-1].text if self.continues else ""

    @property
    def forced_tool(self) -> str | None:
        """The name a client insists on."""
        return self.tool_choice[1:] if self.tool_choice.startswith("=") else None

    def prompt(self) -> list[str]:
        """The tokens of the chat template: GLM's markers, the tools, the turns, the start of an answer."""
        text = "[gMASK]<sop>"
        if self.tools:
            text += "<|system|>\n# Tools\n" + "".join(f"{_tool_text(tool)}\n" for tool in self.tools)
        for message in self.messages:
            role = "observation" if message.role == "tool" else message.role
            text += f"<|{role}|>\n{message.text}"
            text += "".join(f"<tool_call>{name}{arguments}</tool_call>" for name, arguments in message.calls)
        if self.continues:
            return pieces(text)
        return pieces(text + "<|assistant|>" + ("<think>" if self.thinking else "</think>"))


def _tool_text(tool: Tool) -> str:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return json.dumps({"type": "function", "function": function}, ensure_ascii=False)

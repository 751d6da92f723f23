"""From rows to the request that goes to the gateway."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chat.models import Attachment, Conversation, Message, Role
from chat.services.branch import path_to

_BACKQUOTES = re.compile("`+")


@dataclass(frozen=True, slots=True)
class Question:
    """One reply to be written: whose, of which deployment, the body to send, and whether it may wake."""

    owner_id: int
    slug: str
    body: dict[str, Any]
    may_wake: bool = False


def load(message_pk: int) -> Question | None:
    """The question of a reply; None where its rows are gone. Four queries."""
    reply = Message.objects.select_related("conversation").filter(pk=message_pk).first()
    if reply is None:
        return None
    above = path_to(reply.conversation, reply.parent_id)
    rows = Message.objects.in_bulk(above)
    files = Attachment.objects.filter(message__in=above)
    by_message: dict[int, list[Attachment]] = {}
    for file in files:
        by_message.setdefault(file.message_id or 0, []).append(file)
    turns = [turn(rows[pk], by_message.get(pk, [])) for pk in above if pk in rows]
    conversation = reply.conversation
    asked = body(conversation, turns, reply)
    return Question(conversation.owner_id, conversation.deployment_slug, asked, reply.may_wake)


def turn(message: Message, files: Sequence[Attachment]) -> dict[str, str]:
    """A message as the API takes it: whole files first, each in a fence under its name, then the words."""
    blocks = [_fenced(file) for file in files]
    return {"role": message.role, "content": "\n\n".join([*blocks, message.text])}


def body(conversation: Conversation, turns: Sequence[dict[str, str]], reply: Message) -> dict[str, Any]:
    """The body of `/v1/chat/completions`. A reply that has text already is to go on from there."""
    messages = [dict(one) for one in turns if one["content"]]
    if conversation.system_prompt.strip():
        messages.insert(0, {"role": "system", "content": conversation.system_prompt})
    asked: dict[str, Any] = {
        "model": conversation.deployment_slug,
        "messages": messages,
        "stream": True,
        # counts with every chunk: also a reply that is stopped or broken off knows its tokens
        "stream_options": {"include_usage": True, "continuous_usage_stats": True},
    }
    for name in ("temperature", "top_p"):
        if (value := getattr(conversation, name)) is not None:
            asked[name] = float(value)
    if conversation.max_tokens is not None:
        asked["max_tokens"] = conversation.max_tokens
    if not conversation.reasoning:
        asked["chat_template_kwargs"] = {"enable_thinking": False}
    if reply.text:
        asked |= _going_on(messages, reply)
    return asked


def _going_on(messages: list[dict[str, str]], reply: Message) -> dict[str, Any]:
    """vLLM's own switches for a last message that is to be continued, with what was thought before it."""
    last = {"role": Role.ASSISTANT.value, "content": reply.text}
    if reply.reasoning:
        last["reasoning"] = last["reasoning_content"] = reply.reasoning
    messages.append(last)
    return {"continue_final_message": True, "add_generation_prompt": False}


def _fenced(file: Attachment) -> str:
    """Longer than any run of backquotes in the file: the fence cannot be closed from within."""
    longest = max((len(run) for run in _BACKQUOTES.findall(file.text)), default=0)
    fence, text = "`" * max(3, longest + 1), file.text.rstrip("\n")
    name = file.name.replace("`", "'")
    return f"File `{name}`:\n{fence}\n{text}\n{fence}"

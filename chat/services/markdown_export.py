"""A conversation as a Markdown document."""

from collections.abc import Sequence

from django.utils import timezone

from chat.models import Conversation, Message, Role

from .branch import Shown


def as_markdown(conversation: Conversation, shown: Sequence[Shown]) -> str:
    """Title, model, date, and every message of the branch; reasoning is folded, files are named."""
    when = timezone.localtime(conversation.created_at).strftime("%Y-%m-%d %H:%M %Z")
    head = [f"# {conversation.title or 'Conversation'}", f"{conversation.deployment_slug}, {when}"]
    if conversation.system_prompt:
        head.append(f"## System\n\n{conversation.system_prompt}")
    return "\n\n".join(head + [_section(one) for one in shown]) + "\n"


def _section(one: Shown) -> str:
    message = one.message
    parts = ["## " + ("You" if message.role == Role.USER else message.model or "Model")]
    parts += [f"*File: {file.name}*" for file in one.attachments]
    if message.reasoning:
        parts.append(f"<details><summary>Reasoning</summary>\n\n{message.reasoning}\n\n</details>")
    parts += [message.text] if message.text else []
    parts += [f"Tool call `{call.get('name')}`: `{call.get('arguments')}`" for call in message.tool_calls]
    parts += _ending(message)
    return "\n\n".join(parts)


def _ending(message: Message) -> list[str]:
    if message.role == Role.USER or message.status == "done":
        return []
    return [f"*({message.get_status_display()}{': ' + message.error_text if message.error_text else ''})*"]

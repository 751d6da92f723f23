"""Conversations: listing, beginning, naming, setting, deleting, exporting."""

from decimal import Decimal
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from chat.models import LIVE, Conversation, Role
from chat.models.conversation import SYSTEM_PROMPT_MAX_CHARACTERS
from chat.streams.publish import forget

from . import nudges
from .branch import branch
from .errors import ChatRefused, bad_field, not_found
from .lookup import conversation_of
from .markdown_export import as_markdown

TITLE_MAX_CHARACTERS = 200
DRAFT_MAX_CHARACTERS = 400_000
_TEMPERATURE_MAX = Decimal(2)


def listed(
    user: Any, *, query: str = "", slug: str | None = None, after: str | None = None, limit: int = 50
) -> list[Conversation]:
    """The user's conversations, the last used first.

    `query` is looked for in titles and messages; `slug` keeps those of one deployment; `after` is the public
    id of the last one of the page before (an unknown one begins anew). At most two queries.
    """
    rows = Conversation.objects.of(user)
    if slug is not None:
        rows = rows.filter(deployment_slug=slug)
    if query.strip():
        rows = rows.saying(query.strip())
    last = Conversation.objects.of(user).filter(public_id=after).first() if after else None
    if last is not None:
        rows = rows.older_than(last)
    return list(rows.order_by("-updated_at", "-id")[:limit])


def found(user: Any, public_id: str) -> Conversation:
    """The user's conversation of this id, with its head; ChatRefused `not_found` where there is none."""
    return conversation_of(user, public_id)


def begin(user: Any, slug: str) -> Conversation:
    """A new conversation with the deployment `slug`; the newest untouched one is given again."""
    if not slug or len(slug) > 48:
        raise not_found("The deployment")
    now = timezone.now()
    untouched = Conversation.objects.of(user).filter(
        deployment_slug=slug, messages__isnull=True, attachments__isnull=True, draft="", titled_by_hand=False
    )
    row = untouched.order_by("-id").first()
    if row is not None:
        Conversation.objects.filter(pk=row.pk).update(updated_at=now)
        return row
    return Conversation.objects.create(owner=user, deployment_slug=slug, created_at=now, updated_at=now)


def rename(user: Any, public_id: str, title: str) -> Conversation:
    """Give a title that stays; ChatRefused `invalid` where it is blank or too long."""
    row, title = conversation_of(user, public_id), " ".join(title.split())
    if not title:
        raise bad_field("title", "Write a title.")
    if len(title) > TITLE_MAX_CHARACTERS:
        raise bad_field("title", f"Use at most {TITLE_MAX_CHARACTERS} characters.")
    row.title, row.titled_by_hand = title, True
    row.save(update_fields=["title", "titled_by_hand"])
    return row


def delete(user: Any, public_id: str) -> None:
    """Delete it with every message, file and stream. What is being written is stopped: its row is gone."""
    row = conversation_of(user, public_id)
    replies = list(row.messages.filter(role=Role.ASSISTANT).values_list("public_id", "status"))
    with transaction.atomic():
        row.delete()
        for reply, status in replies:
            if status in LIVE:
                transaction.on_commit(partial(nudges.stop, reply))
        transaction.on_commit(partial(forget, [reply for reply, _ in replies]))


def save_draft(user: Any, public_id: str, text: str) -> None:
    """Keep what stands in the composer; ChatRefused `invalid` beyond DRAFT_MAX_CHARACTERS."""
    if len(text) > DRAFT_MAX_CHARACTERS:
        raise bad_field("text", f"Use at most {DRAFT_MAX_CHARACTERS:,} characters, or attach a file.")
    row = conversation_of(user, public_id)
    Conversation.objects.filter(pk=row.pk).update(draft=text)


def set_parameters(
    user: Any,
    public_id: str,
    *,
    system_prompt: str,
    temperature: Decimal | None,
    top_p: Decimal | None,
    max_tokens: int | None,
    reasoning: bool,
) -> Conversation:
    """How the next answers are wanted. Raises ChatRefused `invalid` naming every wrong field."""
    row = conversation_of(user, public_id)
    wrong = _wrong(system_prompt, temperature, top_p, max_tokens)
    if wrong:
        raise ChatRefused("invalid", next(iter(wrong.values())), wrong)
    row.system_prompt, row.temperature, row.top_p = system_prompt, temperature, top_p
    row.max_tokens, row.reasoning = max_tokens, reasoning
    row.save(update_fields=["system_prompt", "temperature", "top_p", "max_tokens", "reasoning"])
    return row


def _wrong(
    system_prompt: str, temperature: Decimal | None, top_p: Decimal | None, max_tokens: int | None
) -> dict[str, str]:
    wrong = {}
    if len(system_prompt) > SYSTEM_PROMPT_MAX_CHARACTERS:
        wrong["system_prompt"] = f"Use at most {SYSTEM_PROMPT_MAX_CHARACTERS:,} characters."
    if temperature is not None and not (temperature.is_finite() and 0 <= temperature <= _TEMPERATURE_MAX):
        wrong["temperature"] = "Use a number from 0 to 2, or leave it to the engine."
    if top_p is not None and not (top_p.is_finite() and 0 < top_p <= 1):
        wrong["top_p"] = "Use a number above 0, at most 1, or leave it to the engine."
    if max_tokens is not None and not 1 <= max_tokens <= 10_000_000:
        wrong["max_tokens"] = "Use a whole number from 1, or leave it to the engine."
    return wrong


def export_markdown(conversation: Conversation) -> str:
    """The branch that is shown, as one Markdown document."""
    return as_markdown(conversation, branch(conversation))

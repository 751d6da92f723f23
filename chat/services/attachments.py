"""Text files beside a question: taken whole, never cut and never searched instead."""

import codecs
from pathlib import PurePosixPath
from typing import Any

from django.db import transaction
from django.utils import timezone

from chat.models import Attachment, Conversation
from deployments.public import context_window

from . import estimate
from .errors import ChatRefused, bad_field
from .lookup import attachment_of, conversation_of

MAX_BYTES = 2 * 1024 * 1024
MAX_FILES = 20
NAME_MAX_CHARACTERS = 255
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def attach(user: Any, conversation_id: str, name: str, data: bytes) -> Attachment:
    """Put a text file into the composer.

    Raises ChatRefused: `too_large` beyond MAX_BYTES or the model's context, `not_text`, `empty`, `too_many`,
    `invalid` (the name), `not_found`.
    """
    conversation, name = conversation_of(user, conversation_id), _clean(name)
    if len(data) > MAX_BYTES:
        raise ChatRefused(
            "too_large",
            f"{name} is too large; at most {_mib(MAX_BYTES)} can go along. Send a part of it.",
        )
    text = read_text(name, data)
    count = estimate.tokens(text)
    _fits(name, count, conversation)
    with transaction.atomic():
        Conversation.objects.select_for_update().get(pk=conversation.pk)
        if conversation.attachments.filter(message__isnull=True).count() >= MAX_FILES:
            raise ChatRefused(
                "too_many", f"At most {MAX_FILES} files go with one question. Remove one first."
            )
        return Attachment.objects.create(
            conversation=conversation,
            name=name,
            size_bytes=len(data),
            text=text,
            token_estimate=count,
            created_at=timezone.now(),
        )


def read_whole(file: Any) -> bytes:
    """The bytes of an upload, of one that is too large no more than shows that it is."""
    data: bytes = file.read(MAX_BYTES + 1)
    return data


def detach(user: Any, public_id: str) -> None:
    """Take a file out of the composer; ChatRefused `cannot` once it was sent."""
    row = attachment_of(user, public_id)
    deleted, _ = Attachment.objects.filter(pk=row.pk, message__isnull=True).delete()
    if not deleted:
        raise ChatRefused("cannot", f"{row.name} was sent already. Edit the question to ask without it.")


def read_text(name: str, data: bytes) -> str:
    """The text in `data`: UTF-8, or UTF-16 with its mark. Line ends become `\\n`.

    Raises ChatRefused `not_text` or `empty`.
    """
    try:
        text = data.decode("utf-16") if data.startswith(_UTF16) else data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _no_text(name) from None
    if "\0" in text:
        raise _no_text(name)
    if not text.strip():
        raise ChatRefused("empty", f"{name} has no text in it.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _no_text(name: str) -> ChatRefused:
    message = f"{name} is no text the model could read. Attach text or code, saved as UTF-8."
    return ChatRefused("not_text", message)


def _clean(name: str) -> str:
    """The last part of a path, without control characters."""
    last = PurePosixPath(name.replace("\\", "/")).name
    last = "".join(character for character in last if character.isprintable()).strip()
    if not last:
        raise bad_field("file", "The file has no name.")
    return last if len(last) <= NAME_MAX_CHARACTERS else last[:200] + "…" + last[-50:]


def _fits(name: str, count: int, conversation: Conversation) -> None:
    limit = context_window(conversation.deployment_slug)
    if limit is not None and count >= limit:
        raise ChatRefused(
            "too_large",
            f"{name} has about {count:,} tokens; the model takes {limit:,} in all. Send a part of it.",
        )


def _mib(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MiB"

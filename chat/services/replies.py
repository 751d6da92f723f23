"""Asking, asking again, going on, stopping."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from chat.models import LIVE, Attachment, Conversation, Message, Role, Status

from . import nudges
from .errors import ChatRefused, bad_field, busy, not_found
from .lookup import conversation_of, message_of

QUESTION_MAX_CHARACTERS = 400_000
_TITLE_CHARACTERS = 60


def ask(
    user: Any, conversation_id: str, text: str, *, parent: str | None = None, may_wake: bool = False
) -> Message:
    """Write a question, with the files in the composer, and its queued reply; gives the reply.

    It goes below the reply `parent` (a public id), else below the head. Clears the draft, nudges a generator.
    `may_wake`, here and below: who asks has seen what a wake costs; without it a server that sleeps by then
    is left asleep, and the reply fails with the code `asleep`.
    Raises ChatRefused `empty`, `invalid`, `busy`, `not_found`.
    """
    conversation, text = conversation_of(user, conversation_id), _question(text)
    with _one_at_a_time(conversation):
        above = _above(conversation, parent)
        files = list(conversation.attachments.filter(message__isnull=True).values_list("pk", flat=True))
        question = _write(conversation, Role.USER, above, text=text)
        Attachment.objects.filter(pk__in=files).update(message=question)
        reply = _queue(conversation, question, may_wake)
        title = _title(conversation, text) if above is None else {}
        _used(conversation, reply, draft="", **title)
    return reply


def edit(user: Any, message_id: str, text: str, *, may_wake: bool = False) -> Message:
    """A new version of a question beside the old one, with its files, and a queued reply; gives the reply.

    Raises ChatRefused `cannot` where it is no question, and as `ask`.
    """
    old, text = message_of(user, message_id), _question(text)
    if old.role != Role.USER:
        raise ChatRefused("cannot", "Only a question can be edited.")
    conversation = old.conversation
    with _one_at_a_time(conversation):
        question = _write(conversation, Role.USER, old.parent, text=text)
        Attachment.objects.bulk_create(_copies(old.attachments.all(), question))
        reply = _queue(conversation, question, may_wake)
        title = _title(conversation, text) if old.parent_id is None else {}
        _used(conversation, reply, **title)
    return reply


def regenerate(user: Any, message_id: str, *, may_wake: bool = False) -> Message:
    """Another reply to the same question, beside the old one; gives the new one.

    Raises ChatRefused `cannot` where it is no reply; `busy`.
    """
    old = message_of(user, message_id)
    if old.role != Role.ASSISTANT or old.parent is None:
        raise ChatRefused("cannot", "Only a reply can be asked for again.")
    with _one_at_a_time(old.conversation):
        reply = _queue(old.conversation, old.parent, may_wake)
        _used(old.conversation, reply)
    return reply


def carry_on(user: Any, message_id: str, *, may_wake: bool = False) -> Message:
    """Let a reply that ended early go on from its text; one without any text begins anew.

    Raises ChatRefused `cannot` where it is complete or the conversation has gone on below it; `busy`.
    """
    message = message_of(user, message_id)
    if not message.can_go_on or message.children.exists():
        raise ChatRefused("cannot", "This reply cannot go on. Ask for another version instead.")
    with _one_at_a_time(message.conversation):
        anew = {} if message.text else {"reasoning": "", "reasoning_ended_at": None, "first_token_at": None}
        changed = Message.objects.filter(pk=message.pk, status=message.status).update(
            status=Status.QUEUED,
            error_code="",
            error_text="",
            finish_reason="",
            finished_at=None,
            html="",
            generator=None,
            stop_asked_at=None,
            asked_times=0,
            waits_since=timezone.now(),
            may_wake=may_wake,
            **anew,
        )
        if not changed:
            raise busy()
        _used(message.conversation, message)
    message.refresh_from_db()
    return message


def stop(user: Any, message_id: str) -> None:
    """Ask for the end of a reply; within a second the engine no longer works on it. Safe to repeat."""
    message = message_of(user, message_id)
    now = timezone.now()
    waiting = Message.objects.filter(pk=message.pk, status=Status.QUEUED, generator__isnull=True)
    if waiting.update(status=Status.STOPPED, finished_at=now, stop_asked_at=now):
        nudges.stop(message.public_id)
        return
    asked = Message.objects.filter(pk=message.pk, status__in=LIVE, stop_asked_at__isnull=True)
    if asked.update(stop_asked_at=now):
        nudges.stop(message.public_id)


def show_version(user: Any, message_id: str) -> Message:
    """Show the branch of this version down to its newest leaf; gives the leaf."""
    message = message_of(user, message_id)
    children: dict[int, int] = {}
    for pk, parent in message.conversation.messages.order_by("id").values_list("pk", "parent_id"):
        if parent is not None:
            children[parent] = pk  # the newest child is kept
    leaf = message.pk
    while leaf in children:
        leaf = children[leaf]
    Conversation.objects.filter(pk=message.conversation_id).update(head=leaf)
    return Message.objects.get(pk=leaf)


@contextmanager
def _one_at_a_time(conversation: Conversation) -> Iterator[None]:
    """A transaction that holds the conversation; the database refuses a second live reply: `busy`.

    A generator is nudged once it is in.
    """
    try:
        with transaction.atomic():
            held = Conversation.objects.select_for_update().filter(pk=conversation.pk).exists()
            if not held:
                raise not_found("The conversation")
            if conversation.messages.live().exists():
                raise busy()
            yield
            transaction.on_commit(nudges.asked)
    except IntegrityError:
        raise busy() from None


def _question(text: str) -> str:
    """The text as it is kept: without NUL, which PostgreSQL does not hold, and outer blank lines."""
    text = text.replace("\0", "").replace("\r\n", "\n").strip("\n")
    if not text.strip():
        raise ChatRefused("empty", "Write a question first.", {"text": "Write a question first."})
    if len(text) > QUESTION_MAX_CHARACTERS:
        raise bad_field("text", f"Use at most {QUESTION_MAX_CHARACTERS:,} characters, or attach a file.")
    return text


def _above(conversation: Conversation, parent: str | None) -> Message | None:
    """The reply under which a question goes. None: it is the first one."""
    if parent is None:
        head = Conversation.objects.values_list("head_id", flat=True).get(pk=conversation.pk)
        return conversation.messages.filter(pk=head).first() if head is not None else None
    row = conversation.messages.filter(public_id=parent, role=Role.ASSISTANT).first()
    if row is None:
        raise not_found("The reply above")
    return row


def _write(conversation: Conversation, role: Role, parent: Message | None, **fields: Any) -> Message:
    return Message.objects.create(
        conversation=conversation, role=role, parent=parent, created_at=timezone.now(), **fields
    )


def _queue(conversation: Conversation, question: Message, may_wake: bool) -> Message:
    return _write(conversation, Role.ASSISTANT, question, status=Status.QUEUED, may_wake=may_wake)


def _used(conversation: Conversation, head: Message, **fields: Any) -> None:
    """Show the branch of `head`, and move the conversation to the top of the list."""
    Conversation.objects.filter(pk=conversation.pk).update(head=head, updated_at=timezone.now(), **fields)


def _title(conversation: Conversation, question: str) -> dict[str, str]:
    """The first words of the first question, for a conversation that nobody named."""
    if conversation.titled_by_hand:
        return {}
    words = " ".join(question.split())
    short = words if len(words) <= _TITLE_CHARACTERS else words[:_TITLE_CHARACTERS].rsplit(" ", 1)[0] + "…"
    return {"title": short}


def _copies(files: Iterable[Attachment], question: Message) -> list[Attachment]:
    return [
        Attachment(
            conversation_id=file.conversation_id,
            message=question,
            name=file.name,
            size_bytes=file.size_bytes,
            text=file.text,
            token_estimate=file.token_estimate,
        )
        for file in files
    ]

"""Rows by their public id, for their owner alone."""

from typing import Any

from chat.models import Attachment, Conversation, Message

from .errors import not_found


def conversation_of(user: Any, public_id: str) -> Conversation:
    """Raises ChatRefused `not_found`, also where it is somebody else's."""
    row = Conversation.objects.of(user).select_related("head").filter(public_id=public_id).first()
    if row is None:
        raise not_found("The conversation")
    return row


def message_of(user: Any, public_id: str) -> Message:
    """With its conversation. Raises ChatRefused `not_found`, also where it is somebody else's."""
    rows = Message.objects.select_related("conversation", "parent")
    row = rows.filter(public_id=public_id, conversation__owner=user).first()
    if row is None:
        raise not_found("The message")
    return row


def attachment_of(user: Any, public_id: str) -> Attachment:
    """With its conversation. Raises ChatRefused `not_found`, also where it is somebody else's."""
    rows = Attachment.objects.select_related("conversation")
    row = rows.filter(public_id=public_id, conversation__owner=user).first()
    if row is None:
        raise not_found("The file")
    return row

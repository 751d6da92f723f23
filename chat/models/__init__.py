"""Rows of the playground."""

from .attachment import Attachment
from .conversation import Conversation
from .generator import Generator
from .message import ENDED, LIVE, WAITS_AT_MOST, Message, Role, Status

__all__ = [
    "ENDED",
    "LIVE",
    "WAITS_AT_MOST",
    "Attachment",
    "Conversation",
    "Generator",
    "Message",
    "Role",
    "Status",
]

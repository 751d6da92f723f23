"""Rows of the playground."""

from .attachment import Attachment
from .conversation import Conversation
from .generator import Generator
from .message import ENDED, LIVE, Message, Role, Status

__all__ = ["ENDED", "LIVE", "Attachment", "Conversation", "Generator", "Message", "Role", "Status"]

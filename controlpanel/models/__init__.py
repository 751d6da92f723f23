"""The rows of this app: people, their one-time links, and invitations."""

from .invitation import Invitation
from .one_time_link import OneTimeLink
from .user import Theme, User

__all__ = ["Invitation", "OneTimeLink", "Theme", "User"]

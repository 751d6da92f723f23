"""The rows of this app: people and their one-time links."""

from .one_time_link import OneTimeLink
from .user import Theme, User

__all__ = ["OneTimeLink", "Theme", "User"]

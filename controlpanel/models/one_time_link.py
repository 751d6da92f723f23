"""A link that signs one person in, once."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    from .user import User

LIFETIME = timedelta(hours=24)


def digest(token: str) -> str:
    """What is stored of a token; 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


class OneTimeLinkQuerySet(models.QuerySet["OneTimeLink"]):
    """Rules over links."""

    def usable(self, *, now: datetime) -> "OneTimeLinkQuerySet":
        """Links that are neither used nor over, of people who may sign in."""
        return self.filter(used_at=None, expires_at__gt=now, user__is_active=True)

    def make(self, user: "User", *, now: datetime, lifetime: timedelta = LIFETIME) -> str:
        """A new link's token; only its digest is kept."""
        token = secrets.token_urlsafe(32)
        self.create(user=user, token_digest=digest(token), expires_at=now + lifetime)
        return token

    def consume(self, token: str, *, now: datetime) -> "OneTimeLink | None":
        """Mark the link of `token` used; None where it cannot be, or another request was first."""
        links = self.filter(token_digest=digest(token))
        if not links.usable(now=now).update(used_at=now):
            return None
        return links.select_related("user").get()


class OneTimeLink(models.Model):
    """The token itself is shown once and never stored."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="one_time_links"
    )
    token_digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OneTimeLinkQuerySet.as_manager()

    def __str__(self) -> str:
        return f"Sign-in link of {self.user}"

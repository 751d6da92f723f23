"""A link by which one new person comes in, once, with a role."""

import secrets
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models

from deployments.planning.power import Role

from .one_time_link import digest

if TYPE_CHECKING:
    from .user import User

ROLES = [(role.value, role.value) for role in Role]


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Rules over invitations."""

    def open(self, *, now: datetime) -> "InvitationQuerySet":
        """Those that can still be used."""
        return self.filter(used_at=None, revoked_at=None, expires_at__gt=now)

    def of_token(self, token: str) -> "InvitationQuerySet":
        """The one of this link, if there is any."""
        return self.filter(token_digest=digest(token))

    def make(
        self, *, role: Role, whom: str, email: str, by: "User | None", now: datetime, expires_at: datetime
    ) -> tuple["Invitation", str]:
        """A new invitation and its token; only the token's digest is kept."""
        token = secrets.token_urlsafe(32)
        made = self.create(
            token_digest=digest(token), role=role.value, whom=whom, email=email, invited_by=by,
            created_at=now, expires_at=expires_at,
        )  # fmt: skip
        return made, token


class Invitation(models.Model):
    """The token itself is shown once and never stored. `whom` is what the list calls it."""

    token_digest = models.CharField(max_length=64, unique=True, editable=False)
    role = models.CharField(max_length=16, choices=ROLES)
    whom = models.CharField(max_length=80, blank=True, default="")
    email = models.EmailField(blank=True, default="")
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="invitations_made"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="invitation"
    )

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__in=[role.value for role in Role]), name="invitation_role_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(used_at=None) | models.Q(revoked_at=None),
                name="invitation_is_used_or_revoked",
            ),
        ]

    def __str__(self) -> str:
        return f"Invitation of {self.called}"

    @property
    def called(self) -> str:
        """For whom it is, as far as anybody said."""
        return self.whom or self.email or "somebody"

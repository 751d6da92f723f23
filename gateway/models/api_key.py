"""Keys by which programs come in."""

import hashlib
from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q


def digest(secret: str) -> str:
    """What is stored of a key: 64 hexadecimal digits. A key is 256 random bits, so no salt is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


class WhenAsleep(models.TextChoices):
    """What becomes of a request of a key whose server is not lit."""

    HOLD = "hold", "wake it and hold the request until it is ready"
    ANSWER = "answer", "wake it and answer 503 at once"
    REFUSE = "refuse", "refuse and wake nothing"


# Below, no server is ready in time; above, no client waits that long for an answer in one piece.
HOLD_LIMIT_RANGE_S = (5, 3600)


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    """Sets of keys."""

    def valid(self, *, now: datetime) -> Self:
        """Keys that open something: not revoked, not expired, of an active owner."""
        unexpired = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
        return self.filter(unexpired, revoked_at__isnull=True, owner__is_active=True)

    def of_people(self) -> Self:
        """Keys that people made; the panel's own tokens are none."""
        return self.filter(internal=False)

    def spent_tokens(self, *, before: datetime) -> Self:
        """The panel's own tokens that were over before this time."""
        over = Q(expires_at__lt=before) | Q(revoked_at__lt=before)
        return self.filter(over, internal=True)


class ApiKey(models.Model):
    """A key of one person. The secret itself is shown once and kept nowhere.

    `scopes` is what the key asks for; what it may do is that and its owner's present role, whichever is
    less. `deployments` None means every deployment, else the slugs it is limited to. `last_used_at` is
    written in batches and may lag by seconds. `hold_limit_s` is how long a call without a stream is held
    while its server wakes; None follows the expected time. `internal` keys are short-lived tokens of the
    panel itself, in no list.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16)
    secret_hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=list)
    deployments = models.JSONField(null=True, blank=True, default=None)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    when_asleep = models.CharField(max_length=8, choices=WhenAsleep, default=WhenAsleep.REFUSE)
    hold_limit_s = models.PositiveIntegerField(null=True, blank=True, default=None)
    internal = models.BooleanField(default=False, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = "API key"
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("created_at")),
                name="api_key_expires_after_it_is_made",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="api_key_has_a_name"),
            models.CheckConstraint(condition=~Q(secret_hash=""), name="api_key_has_a_hash"),
            models.CheckConstraint(
                condition=Q(when_asleep__in=WhenAsleep.values), name="api_key_when_asleep_is_known"
            ),
            models.CheckConstraint(
                condition=Q(hold_limit_s__isnull=True) | Q(hold_limit_s__range=HOLD_LIMIT_RANGE_S),
                name="api_key_hold_limit_is_bearable",
            ),
            models.CheckConstraint(
                condition=Q(internal=False) | Q(expires_at__isnull=False), name="internal_key_expires"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def __repr__(self) -> str:
        return f"<ApiKey {self.pk} {self.prefix}…>"

"""What came through the door."""

from django.conf import settings
from django.db import models

from .api_key import ApiKey


class Outcome(models.TextChoices):
    """How one request ended."""

    OK = "ok", "answered"
    CLIENT_LEFT = "client_left", "the client left"
    ENGINE_ERROR = "engine_error", "the engine answered with an error"
    ENGINE_LOST = "engine_lost", "the engine could not be reached or broke off"
    REFUSED = "refused", "refused by the panel"
    CUT = "cut", "the panel was stopped"


class UsageRecord(models.Model):
    """One request of a known key. Token counts are the engine's own; None where it named none.

    `first_byte_s` is counted from when the engine was asked, `waited_s` is how long the request was held
    before, None where it was not.

    `caller_request_id` is what the caller sent as X-Request-ID; it may repeat, so it identifies nothing.

    The deployment is named by id and slug and not by a foreign key: usage outlives what it was spent on.
    """

    request_id = models.CharField(max_length=40, unique=True)
    caller_request_id = models.CharField(max_length=64, blank=True, default="")
    deployment_id = models.BigIntegerField(null=True, blank=True)
    deployment_slug = models.CharField(max_length=48, blank=True, default="")
    key = models.ForeignKey(
        ApiKey, null=True, blank=True, on_delete=models.SET_NULL, related_name="usage", db_index=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="usage",
        db_index=False,
    )
    path = models.CharField(max_length=40)
    model = models.CharField(max_length=200, blank=True, default="")
    status = models.PositiveSmallIntegerField()
    stream = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    first_byte_s = models.FloatField(null=True, blank=True)
    waited_s = models.FloatField(null=True, blank=True)
    duration_s = models.FloatField()
    prompt_tokens = models.PositiveIntegerField(null=True, blank=True)
    cached_tokens = models.PositiveIntegerField(null=True, blank=True)
    completion_tokens = models.PositiveIntegerField(null=True, blank=True)
    reasoning_tokens = models.PositiveIntegerField(null=True, blank=True)
    bytes_in = models.PositiveBigIntegerField(default=0)
    bytes_out = models.PositiveBigIntegerField(default=0)
    outcome = models.CharField(max_length=16, choices=Outcome)
    error_code = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        ordering = ["-started_at", "-id"]
        indexes = [
            models.Index(fields=["started_at"], name="usage_by_time"),
            models.Index(fields=["deployment_id", "started_at"], name="usage_of_deployment"),
            models.Index(fields=["key", "started_at"], name="usage_of_key"),
            models.Index(fields=["user", "started_at"], name="usage_of_user"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(outcome__in=Outcome.values), name="usage_outcome_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.request_id

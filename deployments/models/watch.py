"""What the one on call looks at: errors that were kept, and how long looks at a server lay apart."""

from typing import Any

from django.db import models

from .deployment import Deployment


class ErrorSource(models.TextChoices):
    """What failed."""

    PROVIDER = "provider", "the provider"
    TASK = "task", "a task"
    DELIVERY = "delivery", "a notification"


class KeptError(models.Model):
    """An error in words without secrets. The same one again counts up and makes no row.

    `mark` is what makes two the same: source, name and text. Only the newest few hundred are kept.
    """

    source = models.CharField(max_length=10, choices=ErrorSource)
    name = models.CharField(max_length=120)
    text = models.CharField(max_length=500)
    mark = models.CharField(max_length=40, unique=True)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField(db_index=True)
    times = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-last_at", "-id"]

    def __str__(self) -> str:
        return f"{self.name}: {self.text}"


class LookGaps(models.Model):
    """Seconds between the last looks at a deployment while something of it was lit, the newest last."""

    deployment = models.OneToOneField(
        Deployment, primary_key=True, on_delete=models.CASCADE, related_name="look_gaps"
    )
    gaps_s: Any = models.JSONField(default=list)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"looks at deployment {self.deployment_id}"

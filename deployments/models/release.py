"""An immutable numbered snapshot of a configuration."""

from django.conf import settings
from django.db import models

from .deployment import Deployment


class Release(models.Model):
    """A frozen spec. Rows are never changed after they were made; a change is a new number."""

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="releases")
    number = models.PositiveIntegerField()
    spec = models.JSONField()
    note = models.TextField(blank=True, default="")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    author_name = models.CharField(max_length=150, blank=True, default="")
    rolled_back_to = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["deployment", "number"], name="release_number_once_per_deployment"
            )
        ]

    def __str__(self) -> str:
        return f"release {self.number}"


class DeployStatus(models.TextChoices):
    """Where one deploy to the provider stands."""

    PENDING = "pending", "pending"
    RUNNING = "running", "running"
    DONE = "done", "done"
    FAILED = "failed", "failed"
    CANCELLED = "cancelled", "cancelled"


OPEN_DEPLOYS = (DeployStatus.PENDING, DeployStatus.RUNNING)


class Deploy(models.Model):
    """One attempt to bring a release to the provider. The row is written before the provider is called,
    so that a worker that dies in the middle leaves a trace that the next one can finish."""

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="deploys")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="deploys")
    replaces = models.ForeignKey(
        Release, null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        help_text="what was at the provider when it was asked for; none where nothing was",
    )  # fmt: skip
    status = models.CharField(max_length=12, choices=DeployStatus, default=DeployStatus.PENDING)
    created_at = models.DateTimeField()
    claim = models.CharField(max_length=36, blank=True, default="")
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, default="")
    permanent = models.BooleanField(default=False)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["deployment"],
                condition=models.Q(status__in=["pending", "running"]),
                name="one_open_deploy_per_deployment",
            )
        ]

    def __str__(self) -> str:
        return f"deploy {self.pk} ({self.status})"

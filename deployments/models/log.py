"""Log lines as they came from the provider."""

from django.db import models

from .deployment import Deployment
from .release import Release
from .run import Run


class LogSource(models.TextChoices):
    """What spoke."""

    BUILD = "build", "build"
    CONTAINER = "container", "container"
    PANEL = "panel", "panel"


class LogLine(models.Model):
    """One line, redacted before it is stored. `fingerprint` makes an overlapping read harmless."""

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="log_lines")
    run = models.ForeignKey(Run, null=True, on_delete=models.CASCADE, related_name="log_lines")
    release = models.ForeignKey(Release, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()
    source = models.CharField(max_length=10, choices=LogSource)
    text = models.TextField()
    fingerprint = models.CharField(max_length=40)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["deployment", "fingerprint"], name="log_line_stored_once")
        ]
        indexes = [
            models.Index(fields=["deployment", "at"], name="log_deployment_at"),
            models.Index(fields=["run", "id"], name="log_run"),
        ]

    def __str__(self) -> str:
        return self.text[:80]

"""Log lines as they came from the provider."""

from django.db import models

from .deployment import Deployment
from .release import Release
from .run import Run


class LogSource(models.TextChoices):
    """What spoke."""

    BUILD = "build", "build"
    DEPLOY = "deploy", "deploy"
    CONTAINER = "container", "container"
    ENGINE = "engine", "engine"
    PANEL = "panel", "panel"


# What is read for phases, samples and causes of a run; what is read of bringing a release to the provider.
OF_RUNS = (LogSource.CONTAINER, LogSource.ENGINE)
OF_DEPLOYS = (LogSource.BUILD, LogSource.DEPLOY)


class LogLevel(models.TextChoices):
    """How grave a line is, by what it begins with."""

    INFO = "I", "info"
    WARNING = "W", "warning"
    ERROR = "E", "error"


class LogLine(models.Model):
    """One line, redacted before it is stored. `fingerprint` makes an overlapping read harmless.

    The id is its place: lines are shown, paged and streamed in the order in which they were taken in. Every
    index ends in it, so that a page of any choice is read without sorting.
    """

    deployment = models.ForeignKey(
        Deployment, on_delete=models.CASCADE, related_name="log_lines", db_index=False
    )
    run = models.ForeignKey(
        Run, null=True, on_delete=models.CASCADE, related_name="log_lines", db_index=False
    )
    release = models.ForeignKey(
        Release, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    at = models.DateTimeField()
    source = models.CharField(max_length=10, choices=LogSource)
    level = models.CharField(max_length=1, choices=LogLevel, default=LogLevel.INFO)
    text = models.TextField()
    fingerprint = models.CharField(max_length=40)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["deployment", "fingerprint"], name="log_line_stored_once")
        ]
        indexes = [
            models.Index(fields=["deployment", "at"], name="log_deployment_at"),
            models.Index(fields=["deployment", "id"], name="log_deployment"),
            models.Index(fields=["deployment", "level", "id"], name="log_level"),
            models.Index(fields=["run", "id"], name="log_run"),
            models.Index(fields=["release", "id"], name="log_release"),
        ]

    def __str__(self) -> str:
        return self.text[:80]

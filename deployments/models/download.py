"""Filling the weights volume on a machine without GPUs."""

from django.db import models

from .deployment import Deployment


class DownloadStatus(models.TextChoices):
    """Where a download stands."""

    REQUESTED = "requested", "requested"
    RUNNING = "running", "running"
    DONE = "done", "done"
    FAILED = "failed", "failed"
    CANCELLED = "cancelled", "cancelled"


OPEN_DOWNLOADS = (DownloadStatus.REQUESTED, DownloadStatus.RUNNING)


class Download(models.Model):
    """One run of the CPU-only `download` function. `call_id` resumes it in any process."""

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="downloads")
    status = models.CharField(max_length=12, choices=DownloadStatus, default=DownloadStatus.REQUESTED)
    requested_by = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    cancel_requested = models.BooleanField(default=False)
    call_id = models.CharField(max_length=64, blank=True, default="")
    claimed_until = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, default="")
    last_line = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["deployment"],
                condition=models.Q(status__in=["requested", "running"]),
                name="one_open_download_per_deployment",
            )
        ]

    def __str__(self) -> str:
        return f"download {self.pk} ({self.status})"

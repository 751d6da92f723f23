"""What the log doctor found, in the words of then."""

from django.db import models

from .deployment import Deployment
from .log import LogLine
from .release import Release
from .run import Run


class Finding(models.Model):
    """One diagnosis: of a run, or (where `run` is null) of bringing a release to the provider.

    `depth` is how near to the cause it lies (0 is nearest). `evidence` is the line, redacted as it is stored;
    it is kept beside the line itself, which retention may take. `values` are what the rule read from it: with
    them its change is worked out for the configuration of today.
    """

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="findings")
    run = models.ForeignKey(Run, null=True, on_delete=models.CASCADE, related_name="findings")
    release = models.ForeignKey(Release, null=True, on_delete=models.CASCADE, related_name="findings")
    line = models.ForeignKey(LogLine, null=True, on_delete=models.SET_NULL, related_name="+")
    code = models.CharField(max_length=40)
    level = models.CharField(max_length=8)
    depth = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=120)
    cause = models.TextField()
    remedy = models.TextField()
    evidence = models.TextField(blank=True, default="")
    values = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "code"],
                condition=models.Q(run__isnull=False),
                name="finding_once_per_run",
            ),
            models.UniqueConstraint(
                fields=["release", "code"],
                condition=models.Q(run__isnull=True),
                name="finding_once_per_release",
            ),
        ]
        indexes = [models.Index(fields=["deployment", "-at"], name="finding_newest")]

    def __str__(self) -> str:
        return f"{self.code} of {self.run or self.release}"


class LogScan(models.Model):
    """How far a run's lines were read by the doctor. `stopping`: its engine was told to stop before there."""

    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="log_scan")
    line_id = models.BigIntegerField(default=0)
    stopping = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"scan of run {self.run_id}"

"""A phase of a start that took much longer than usual, in the figures of then."""

from django.db import models

from .log import LogLine
from .run import PhaseName, Run


class SlowPhase(models.Model):
    """Written once, when a start is compared with those before it: later starts do not change it.

    `usual_s` is the median of `starts` starts before it, of its release or (not `of_release`) of its
    deployment; half of them took from `low_s` to `high_s`. `cause` is empty where no line of the log tells
    it; `evidence` is that line, kept beside the line itself, which retention may take.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="slow_phases")
    phase = models.CharField(max_length=12, choices=PhaseName)
    seconds = models.FloatField()
    usual_s = models.FloatField()
    low_s = models.FloatField()
    high_s = models.FloatField()
    starts = models.PositiveIntegerField()
    of_release = models.BooleanField()
    cause = models.CharField(max_length=200, blank=True, default="")
    evidence = models.TextField(blank=True, default="")
    line = models.ForeignKey(LogLine, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["run", "phase"], name="slow_phase_once_per_run")]

    def __str__(self) -> str:
        return f"slow {self.phase} of run {self.run_id}"

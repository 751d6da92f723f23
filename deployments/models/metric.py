"""What was measured, rolled up by time."""

from django.db import models

from .deployment import Deployment


def _sum() -> "models.FloatField[float, float]":
    return models.FloatField(default=0.0)


def _count() -> "models.PositiveIntegerField[int, int]":
    return models.PositiveIntegerField(default=0)


class MetricBucket(models.Model):
    """One stretch of `level` seconds of one deployment and run, from `start` (seconds since 1970) on.

    Made from samples and usage, or from the buckets of the next finer level, by `services.rolling`; making it
    again gives the same. `run_key` and `release_key` are ids, 0 for what no run answered: a bucket outlives
    what it points to, and needs no lock on it. Names and units are those of `metrics.bucket`.
    """

    deployment = models.ForeignKey(
        Deployment, on_delete=models.CASCADE, related_name="metric_buckets", db_index=False
    )
    level = models.PositiveIntegerField()
    start = models.BigIntegerField()
    run_key = models.BigIntegerField(default=0)
    release_key = models.BigIntegerField(default=0)

    samples = _count()
    running_sum = _sum()
    waiting_sum = _sum()
    prompt_rate_sum = _sum()
    generation_rate_sum = _sum()
    kv_sum = _sum()
    prefix_sum = _sum()
    preemptions = _count()
    lengths = _count()
    length_sum = _sum()
    drafts = _count()
    acceptance_sum = _sum()
    running_max = _count()
    waiting_max = _count()
    generation_rate_max = _sum()
    kv_max = _sum()
    answered = _count()
    engine_errors = _count()
    client_errors = _count()
    refused = _count()
    left = _count()
    cut = _count()
    prompt_tokens = models.BigIntegerField(default=0)
    cached_tokens = models.BigIntegerField(default=0)
    completion_tokens = models.BigIntegerField(default=0)
    histograms = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["deployment", "level", "start", "run_key"], name="metric_bucket_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.level} s from {self.start} of deployment {self.deployment_id}"


class MetricRound(models.Model):
    """How far the roll-up has come: one row.

    `marks` has for each source (sample, usage) the ids `done`, up to which rows are rolled up for good,
    `settled`, beyond which none may be done yet, and `head`, the newest that was there at `head_at`: a
    database may show a lower id after a higher one, so the newest rows are read again for some seconds.
    `pruned` says before which second buckets of a level (its key) are gone.
    """

    marks = models.JSONField(default=dict)
    head_at = models.DateTimeField(null=True)
    pruned = models.JSONField(default=dict)
    pruned_at = models.DateTimeField(null=True)
    roll_claim = models.CharField(max_length=36, blank=True, default="", editable=False)
    roll_claimed_until = models.DateTimeField(null=True, blank=True, editable=False)

    def __str__(self) -> str:
        return "the roll-up of metrics"

"""One life of a container."""

from typing import Any

from django.db import models

from .account import Account
from .deployment import Deployment
from .lease import Lease
from .release import Release


def _usd() -> "models.DecimalField[Any, Any]":
    """USD to eight places: a second of one GiB of memory is 0.00000222."""
    return models.DecimalField(max_digits=16, decimal_places=8, null=True, blank=True)


class Cause(models.TextChoices):
    """Why a container came to be."""

    LEASE = "lease", "a start"
    RESTART = "restart", "restarted by the provider"
    OUTSIDE = "outside", "from outside the panel"
    DOWNLOAD = "download", "weights download"


class EndReason(models.TextChoices):
    """Why a container went away."""

    IDLE = "idle", "went out idle"
    UNTIL = "until", "its lease was over"
    SLEPT = "slept", "put to sleep"
    TURNED_OFF = "turned_off", "turned off"
    FROZEN = "frozen", "frozen"
    BUDGET = "budget", "was put out at a budget's limit"
    BOOT_FAILED = "boot_failed", "died before it was ready"
    BOOT_TIMEOUT = "boot_timeout", "was not ready in time"
    ENGINE_DIED = "engine_died", "the engine died"
    REPLACED = "replaced", "replaced by a new release"
    PREEMPTED = "preempted", "taken away by the provider"
    FINISHED = "finished", "finished"
    GONE = "gone", "gone, reason not known"


class PhaseName(models.TextChoices):
    """The steps of a cold start, in their order."""

    QUEUED = "queued", "Queued"
    CONTAINER = "container", "Container"
    DOWNLOAD = "download", "Download"
    WEIGHTS = "weights", "Weights"
    COMPILE = "compile", "Compile"
    WARMUP = "warmup", "Warm-up"
    SERVER = "server", "Server up"
    READY = "ready", "Ready"


class Run(models.Model):
    """One container from first seen to gone, with what it cost.

    Billing is assumed from `started_at` to `ended_at` (documented by the provider; queued time is shown
    apart). `*_usd` are frozen when the run has ended; while it lives they are computed from prices. A moment
    after its end, when all usage is in, it is settled: its charges say whom the dollars are put down to.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="runs")
    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="runs")
    release = models.ForeignKey(Release, null=True, on_delete=models.PROTECT, related_name="runs")
    number = models.PositiveIntegerField()
    container_id = models.CharField(max_length=64)
    cause = models.CharField(max_length=12, choices=Cause)
    lease = models.ForeignKey(Lease, null=True, blank=True, on_delete=models.SET_NULL, related_name="runs")
    lit_for = models.CharField(max_length=150, blank=True, default="")
    reason = models.CharField(max_length=200, blank=True, default="")
    first_seen_at = models.DateTimeField()
    enqueued_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ready_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=16, choices=EndReason, blank=True, default="")
    end_text = models.TextField(blank=True, default="")
    missing_since = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    phase = models.CharField(max_length=12, choices=PhaseName, default=PhaseName.QUEUED)
    progress = models.FloatField(null=True, blank=True, help_text="0 to 1 within the phase, where known")
    progress_text = models.CharField(max_length=120, blank=True, default="")
    engine_died_at = models.DateTimeField(null=True, blank=True)
    engine_error = models.TextField(blank=True, default="")
    last_exception = models.TextField(blank=True, default="")
    engine_error_is_root = models.BooleanField(default=False)
    weights_gib = models.FloatField(
        null=True, blank=True, help_text="of the fullest GPU, as the engine measured"
    )
    cache_gib = models.FloatField(null=True, blank=True, help_text="left for the cache on the fullest GPU")
    cache_tokens = models.BigIntegerField(null=True, blank=True, help_text="that the cache holds in all")
    busy_s = models.FloatField(default=0.0, help_text="seconds with at least one request, as observed")
    warm_up_at = models.DateTimeField(null=True, blank=True)
    warmed_at = models.DateTimeField(null=True, blank=True)
    boot_ended_at = models.DateTimeField(
        null=True, blank=True, help_text="when its boot was over, warm-up included; kept when it has ended"
    )
    warm_up_error = models.CharField(max_length=300, blank=True, default="")
    lit_s = models.FloatField(
        default=0.0, help_text="seconds lit as the looks summed them; a clock moved back does not shrink it"
    )
    boot_usd = _usd()
    use_usd = _usd()
    idle_usd = _usd()
    gpu_usd = _usd()
    cpu_usd = _usd()
    memory_usd = _usd()
    cost_usd = _usd()
    settled_at = models.DateTimeField(null=True, blank=True)
    judged_at = models.DateTimeField(
        null=True, blank=True, help_text="when its start was compared with those before it"
    )

    class Meta:
        ordering = ["-first_seen_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["account", "container_id"], name="one_run_per_container"),
            models.UniqueConstraint(fields=["deployment", "number"], name="run_number_once_per_deployment"),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True) | ~models.Q(end_reason=""),
                name="run_end_has_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["deployment", "ended_at"], name="run_open"),
            models.Index(fields=["first_seen_at"], name="run_by_time"),
            models.Index(
                fields=["ended_at"], condition=models.Q(settled_at__isnull=True), name="run_unsettled"
            ),
            models.Index(
                fields=["ready_at"],
                condition=models.Q(judged_at__isnull=True, ready_at__isnull=False),
                name="run_unjudged",
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.number}"


class Phase(models.Model):
    """One step of a run's cold start."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="phases")
    name = models.CharField(max_length=12, choices=PhaseName)
    started_at = models.DateTimeField()

    class Meta:
        ordering = ["started_at", "id"]
        constraints = [models.UniqueConstraint(fields=["run", "name"], name="phase_once_per_run")]

    def __str__(self) -> str:
        return f"{self.name} of run {self.run_id}"


class Sample(models.Model):
    """One observation of a lit server: what one line of its log says. A line of speculation alone leaves the
    rates empty."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="samples")
    at = models.DateTimeField()
    running = models.PositiveIntegerField(default=0)
    waiting = models.PositiveIntegerField(default=0)
    prompt_tokens_per_s = models.FloatField(null=True, blank=True)
    generation_tokens_per_s = models.FloatField(null=True, blank=True)
    kv_cache_use = models.FloatField(null=True, blank=True, help_text="0 to 1")
    prefix_hit_rate = models.FloatField(null=True, blank=True, help_text="0 to 1")
    acceptance_length = models.FloatField(null=True, blank=True)
    draft_acceptance = models.FloatField(
        null=True, blank=True, help_text="0 to 1, of the tokens that were drafted"
    )
    preemptions = models.PositiveIntegerField(
        null=True, blank=True, help_text="since the line before; empty where none is told"
    )

    class Meta:
        ordering = ["at"]
        constraints = [models.UniqueConstraint(fields=["run", "at"], name="sample_once_per_instant")]

    def __str__(self) -> str:
        return f"sample of run {self.run_id} at {self.at:%H:%M:%S}"

"""Who keeps a server lit, why, until when."""

from django.conf import settings
from django.db import models

from .deployment import Deployment


class LeaseEnd(models.TextChoices):
    """Why a lease ended."""

    IDLE = "idle", "it went out idle"
    UNTIL = "until", "its time was over"
    RELEASED = "released", "its holder gave it back"
    SLEPT = "slept", "it was put to sleep"
    TURNED_OFF = "turned_off", "it was turned off"
    FROZEN = "frozen", "everything was frozen"
    BUDGET = "budget", "a budget was spent"
    FAILED = "failed", "the start failed"
    GONE = "gone", "its container went away"


class Lease(models.Model):
    """A person's or a key's wish that a server be lit. `until` None means until idle.

    A schedule's lease names the opening it stands for by `window_at`, and in `window_until` the end that the
    schedule gave it: where `until` differs, a person has moved the end. At most one of a deployment is open.
    """

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="leases")
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="leases"
    )
    holder_name = models.CharField(max_length=150)
    key_id = models.BigIntegerField(null=True, blank=True)
    via = models.CharField(max_length=16)
    reason = models.CharField(max_length=200, blank=True, default="")
    until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=16, choices=LeaseEnd, blank=True, default="")
    schedule = models.ForeignKey(
        "deployments.Schedule", null=True, blank=True, on_delete=models.SET_NULL, related_name="leases"
    )
    window_at = models.DateTimeField(null=True, blank=True)
    window_until = models.DateTimeField(null=True, blank=True)
    quoted_usd = models.DecimalField(max_digits=14, decimal_places=6, null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["deployment", "ended_at"], name="lease_open")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True) | ~models.Q(end_reason=""),
                name="lease_end_has_a_reason",
            ),
            models.UniqueConstraint(
                fields=["deployment"],
                condition=models.Q(ended_at__isnull=True, window_at__isnull=False),
                name="one_open_lease_of_schedules",
            ),
        ]

    def __str__(self) -> str:
        return f"lease {self.pk} of {self.holder_name}"


class WakeStatus(models.TextChoices):
    """Where one wake stands. `sent` is written before the request leaves."""

    REQUESTED = "requested", "requested"
    SENT = "sent", "sent"
    DONE = "done", "done"
    FAILED = "failed", "failed"
    CANCELLED = "cancelled", "cancelled"


OPEN_WAKES = (WakeStatus.REQUESTED, WakeStatus.SENT)


class Wake(models.Model):
    """The one request that wakes a server, carried on in hops by its result URL.

    Single flight per deployment is held by the partial unique index.
    """

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="wakes")
    lease = models.ForeignKey(Lease, null=True, on_delete=models.SET_NULL, related_name="wakes")
    status = models.CharField(max_length=12, choices=WakeStatus, default=WakeStatus.REQUESTED)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    runs_before = models.BigIntegerField(default=0, help_text="id of the newest run when it was asked for")
    sends = models.PositiveSmallIntegerField(default=0)
    result_url = models.TextField(blank=True, default="")
    hop_claim = models.CharField(max_length=36, blank=True, default="")
    hop_claimed_until = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["deployment"],
                condition=models.Q(status__in=["requested", "sent"]),
                name="one_open_wake_per_deployment",
            )
        ]

    def __str__(self) -> str:
        return f"wake {self.pk} ({self.status})"

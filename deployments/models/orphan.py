"""What burns, or could, at the provider without a deployment that explains it."""

from django.db import models

from .account import Account
from .deployment import Deployment


class OrphanKind(models.TextChoices):
    """How sure it is whose app it is."""

    OURS = "ours", "of this panel"
    PANEL = "panel", "of a Pilotlight that is not this one, or of a deployment it does not know"
    OUTSIDER = "outsider", "not deployed by Pilotlight"


class Orphan(models.Model):
    """An app at the provider that no deployment explains, from first seen to gone.

    Kept when it is gone: what it spent was spent. `deployment` is the one whose name or tag it bears, which
    may be off or archived. `told_at` is when people were told, once. `put_out_at` is the order to end it,
    carried out by the next looks until it is gone.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="orphans")
    app_id = models.CharField(max_length=64)
    app_name = models.CharField(max_length=120)
    kind = models.CharField(max_length=12, choices=OrphanKind)
    deployment = models.ForeignKey(
        Deployment, null=True, blank=True, on_delete=models.PROTECT, related_name="orphans"
    )
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, blank=True)
    put_out_at = models.DateTimeField(null=True, blank=True)
    put_out_by = models.CharField(max_length=150, blank=True, default="")
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-first_seen_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["account", "app_id"], name="one_orphan_per_app")]
        indexes = [
            models.Index(fields=["account"], condition=models.Q(gone_at__isnull=True), name="orphan_open")
        ]

    def __str__(self) -> str:
        return f"{self.app_name} ({self.app_id})"


class OrphanContainer(models.Model):
    """One container of an orphan. Billed from `started_at` to `ended_at`, as a run is; `gpu_count` is None
    where the provider did not say."""

    orphan = models.ForeignKey(Orphan, on_delete=models.CASCADE, related_name="containers")
    container_id = models.CharField(max_length=64)
    gpu_type = models.CharField(max_length=32, blank=True, default="")
    gpu_count = models.PositiveSmallIntegerField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["orphan", "container_id"], name="one_row_per_orphan_container")
        ]

    def __str__(self) -> str:
        return self.container_id

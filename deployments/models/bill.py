"""What the provider's own report says was spent."""

from django.db import models

from .account import Account
from .deployment import Deployment


class BillLine(models.Model):
    """One app in one whole UTC hour, as one fetch of the report had it.

    Never changed: a figure that the provider corrects is a new row with the next `version`, and the older row
    only learns when it was superseded. `deployment` is None for apps that the panel knows nothing of.
    `by_resource` has dollars as text, under the provider's names.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="bill_lines")
    deployment = models.ForeignKey(
        Deployment, null=True, blank=True, on_delete=models.PROTECT, related_name="bill_lines"
    )
    app_id = models.CharField(max_length=64)
    app_name = models.CharField(max_length=120)
    hour = models.DateTimeField()
    micro_usd = models.BigIntegerField(help_text="whole micro-dollars, so that sums are exact")
    by_resource = models.JSONField(default=dict)
    tags = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    fetched_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["hour", "app_id", "version"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "app_id", "hour", "version"], name="bill_version_once"
            ),
            models.UniqueConstraint(
                fields=["account", "app_id", "hour"],
                condition=models.Q(superseded_at__isnull=True),
                name="one_bill_line_holds",
            ),
        ]
        indexes = [models.Index(fields=["deployment", "hour"], name="bill_of_deployment")]

    def __str__(self) -> str:
        return f"{self.app_name} {self.hour:%Y-%m-%d %H}h"

"""Unit prices with their dates and sources."""

from django.db import models


class Price(models.Model):
    """What one unit of a resource costs per second, from a day on. A change is a new row.

    `resource` is `gpu:H200`, `gpu:B200`, ..., `cpu` (per physical core) or `memory` (per GiB).
    """

    provider = models.CharField(max_length=16, default="modal")
    resource = models.CharField(max_length=32)
    usd_per_s = models.DecimalField(max_digits=16, decimal_places=10)
    effective_from = models.DateTimeField()
    source = models.CharField(max_length=200)
    checked_on = models.DateField()

    class Meta:
        ordering = ["provider", "resource", "-effective_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "resource", "effective_from"], name="price_once_per_date"
            ),
            models.CheckConstraint(condition=models.Q(usd_per_s__gte=0), name="price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.resource} {self.usd_per_s}/s"

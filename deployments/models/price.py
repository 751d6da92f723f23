"""Unit prices with their dates and sources."""

from django.db import models

from .account import Account


class Price(models.Model):
    """What one unit of a resource costs per second, from a day on. A change is a new row.

    `resource` is `gpu:H200`, `gpu:B200`, ..., `cpu` (per physical core) or `memory` (per GiB). A row with an
    `account` is that account's own rate, and goes before the provider's public ones from its day on.
    `checked_on` is when somebody, or the provider itself, last said that it holds.
    """

    provider = models.CharField(max_length=16, default="modal")
    account = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.CASCADE, related_name="prices",
        help_text="Empty for the provider's public price.",
    )  # fmt: skip
    resource = models.CharField(max_length=32)
    usd_per_s = models.DecimalField(max_digits=16, decimal_places=10)
    effective_from = models.DateTimeField()
    source = models.CharField(max_length=200)
    checked_on = models.DateField()

    class Meta:
        ordering = ["provider", "resource", "-effective_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "resource", "effective_from"],
                condition=models.Q(account__isnull=True),
                name="public_price_once_per_date",
            ),
            models.UniqueConstraint(
                fields=["account", "resource", "effective_from"],
                condition=models.Q(account__isnull=False),
                name="own_price_once_per_date",
            ),
            models.CheckConstraint(condition=models.Q(usd_per_s__gte=0), name="price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.resource} {self.usd_per_s}/s"

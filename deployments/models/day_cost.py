"""Charges of a day as one row, so that a month is read in a moment."""

from django.conf import settings
from django.db import models

from .charge import micro_usd
from .deployment import Deployment


class DayCost(models.Model):
    """The charges of one UTC day, deployment, person and key, added up as they are settled.

    `day` counts since 1970 in UTC. The columns are those of `Charge` without the run, and are nothing but
    their sums: `services.daily.rebuild` writes all rows anew. Two rows for one place are no error, since
    they are only ever added up; so writers need not agree on who makes the first.
    """

    day = models.PositiveIntegerField()
    deployment = models.ForeignKey(
        Deployment, on_delete=models.PROTECT, related_name="day_costs", db_index=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="day_costs"
    )
    who = models.CharField(max_length=310, blank=True)
    key_id = models.BigIntegerField(null=True)
    boot_micro_usd = micro_usd()
    use_micro_usd = micro_usd()
    idle_micro_usd = micro_usd()
    kept_micro_usd = micro_usd()
    gpu_micro_usd = micro_usd()
    cpu_micro_usd = micro_usd()
    memory_micro_usd = micro_usd()
    requests = models.PositiveIntegerField(default=0)
    made_tokens = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["day", "id"]
        indexes = [models.Index(fields=["day", "deployment"], name="day_cost_by_time")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    boot_micro_usd=models.F("gpu_micro_usd")
                    + models.F("cpu_micro_usd")
                    + models.F("memory_micro_usd")
                    - models.F("use_micro_usd")
                    - models.F("idle_micro_usd")
                ),
                name="day_cost_parts_are_its_resources",
            )
        ]

    def __str__(self) -> str:
        return f"costs of day {self.day}"

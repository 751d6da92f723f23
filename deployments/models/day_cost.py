"""Charges of a day as one row, so that a month is read in a moment."""

from django.conf import settings
from django.db import models

from .amounts import PARTS_ARE_RESOURCES, Amounts
from .deployment import Deployment


class DayCost(Amounts):
    """The charges of one UTC day, deployment, person and key, added up as they are settled.

    `day` counts since 1970 in UTC. The amounts are nothing but the sums of the charges':
    `services.daily.rebuild` writes all rows anew. Two rows for one place are no error, since they are only
    ever added up; so writers need not agree on who makes the first.
    """

    day = models.PositiveIntegerField()
    deployment = models.ForeignKey(
        Deployment, on_delete=models.PROTECT, related_name="day_costs", db_index=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="day_costs"
    )

    class Meta:
        ordering = ["day", "id"]
        indexes = [models.Index(fields=["day", "deployment"], name="day_cost_by_time")]
        constraints = [
            models.CheckConstraint(condition=PARTS_ARE_RESOURCES, name="day_cost_parts_are_its_resources")
        ]

    def __str__(self) -> str:
        return f"costs of day {self.day}"

"""What a run cost, and whom it is put down to."""

from django.conf import settings
from django.db import models

from .amounts import PARTS_ARE_RESOURCES, Amounts
from .deployment import Deployment
from .run import Run


class Charge(Amounts):
    """A quarter hour of an ended run, put down to one person and key (`deployments.ledger.attribution`).

    `slot` counts quarter hours since 1970 in UTC. Requests and the tokens they made count in the quarter hour
    in which they began.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="charges")
    deployment = models.ForeignKey(
        Deployment, on_delete=models.PROTECT, related_name="charges", db_index=False
    )
    slot = models.PositiveIntegerField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="charges"
    )

    class Meta:
        ordering = ["slot", "id"]
        indexes = [
            models.Index(fields=["slot"], name="charge_by_time"),
            models.Index(fields=["deployment", "slot"], name="charge_of_deployment"),
        ]
        constraints = [
            models.CheckConstraint(condition=PARTS_ARE_RESOURCES, name="charge_parts_are_its_resources"),
            models.CheckConstraint(
                condition=models.Q(kept_micro_usd__lte=models.F("idle_micro_usd")), name="charge_kept_is_idle"
            ),
        ]

    def __str__(self) -> str:
        return f"charge of run {self.run_id}"

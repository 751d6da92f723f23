"""What a run cost, and whom it is put down to."""

from typing import Any

from django.conf import settings
from django.db import models

from .deployment import Deployment
from .run import Run


def micro_usd() -> "models.BigIntegerField[Any, Any]":
    """A column of whole micro-dollars: integers sum exactly in every database, decimals do not in SQLite."""
    return models.BigIntegerField(default=0)


class Charge(models.Model):
    """A quarter hour of an ended run, put down to one person and key (`deployments.ledger.attribution`).

    `slot` counts quarter hours since 1970 in UTC. `who` is the person's name when it was written, and empty
    where nobody of the panel asked for the run. `key_id` is None for what came from pages and the playground.
    Boot, use and idle sum to GPU, CPU and memory; `kept` lies in `idle`. Requests and the
    tokens they made count in the quarter hour in which they began.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="charges")
    deployment = models.ForeignKey(
        Deployment, on_delete=models.PROTECT, related_name="charges", db_index=False
    )
    slot = models.PositiveIntegerField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="charges"
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
        ordering = ["slot", "id"]
        indexes = [
            models.Index(fields=["slot"], name="charge_by_time"),
            models.Index(fields=["deployment", "slot"], name="charge_of_deployment"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    boot_micro_usd=models.F("gpu_micro_usd")
                    + models.F("cpu_micro_usd")
                    + models.F("memory_micro_usd")
                    - models.F("use_micro_usd")
                    - models.F("idle_micro_usd")
                ),
                name="charge_parts_are_its_resources",
            ),
            models.CheckConstraint(
                condition=models.Q(kept_micro_usd__lte=models.F("idle_micro_usd")), name="charge_kept_is_idle"
            ),
        ]

    def __str__(self) -> str:
        return f"charge of run {self.run_id}"

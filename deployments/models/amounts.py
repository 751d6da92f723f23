"""The columns of money that a charge and a day's sum have alike."""

from typing import Any

from django.db import models


def _micro_usd() -> "models.BigIntegerField[Any, Any]":
    """A column of whole micro-dollars: integers sum exactly in every database, decimals do not in SQLite."""
    return models.BigIntegerField(default=0)


class Amounts(models.Model):
    """Whose it is, as far as a name and a key tell, and what it comes to.

    `who` is the person's name when it was written, and empty where nobody of the panel asked for the run.
    `key_id` is None for what came from pages and the playground. Boot, use and idle sum to GPU, CPU and
    memory; `kept` lies in `idle`.
    """

    who = models.CharField(max_length=310, blank=True)
    key_id = models.BigIntegerField(null=True)
    boot_micro_usd = _micro_usd()
    use_micro_usd = _micro_usd()
    idle_micro_usd = _micro_usd()
    kept_micro_usd = _micro_usd()
    gpu_micro_usd = _micro_usd()
    cpu_micro_usd = _micro_usd()
    memory_micro_usd = _micro_usd()
    requests = models.PositiveIntegerField(default=0)
    made_tokens = models.PositiveBigIntegerField(default=0)

    class Meta:
        abstract = True


PARTS_ARE_RESOURCES = models.Q(
    boot_micro_usd=models.F("gpu_micro_usd")
    + models.F("cpu_micro_usd")
    + models.F("memory_micro_usd")
    - models.F("use_micro_usd")
    - models.F("idle_micro_usd")
)

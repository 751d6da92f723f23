"""Requests that the gateway is forwarding, or holding while a server wakes, now."""

from django.db import models

from .deployment import Deployment


class InFlight(models.Model):
    """How many requests one holder has open through one gateway process.

    `count` reached the engine and is use; `waiting` is held until the server is ready and is none.
    Rows older than a few seconds belong to a process that died and count for nothing.
    """

    process = models.CharField(max_length=64)
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="in_flight")
    holder_name = models.CharField(max_length=150)
    key_id = models.BigIntegerField(null=True, blank=True)
    count = models.PositiveIntegerField()
    waiting = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["deployment", "updated_at"], name="in_flight_now")]

    def __str__(self) -> str:
        return f"{self.count} of {self.holder_name}, {self.waiting} waiting"

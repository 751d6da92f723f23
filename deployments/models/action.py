"""The audit record."""

from typing import Any

from django.conf import settings
from django.db import models

from .deployment import Deployment


class Action(models.Model):
    """One line of the audit record: who did what, from where, with what effect. Never changed, never deleted
    by the panel."""

    at = models.DateTimeField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    actor_name = models.CharField(max_length=150)
    key_id = models.BigIntegerField(null=True, blank=True)
    via = models.CharField(max_length=16)
    address = models.CharField(max_length=64, blank=True, default="")
    verb = models.CharField(max_length=40)
    deployment = models.ForeignKey(
        Deployment, null=True, blank=True, on_delete=models.SET_NULL, related_name="actions"
    )
    target = models.CharField(max_length=80, blank=True, default="")
    summary = models.TextField()
    details = models.JSONField(default=dict)
    usd = models.DecimalField(max_digits=14, decimal_places=6, null=True, blank=True)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["deployment", "-at"], name="action_deployment_at"),
            models.Index(fields=["at"], name="action_by_time"),
            models.Index(fields=["actor_name", "-id"], name="action_of_person"),
            models.Index(fields=["verb", "-id"], name="action_of_verb"),
        ]

    def __str__(self) -> str:
        return self.summary


class Freeze(models.Model):
    """Everything out, nothing lit, until an admin lifts it. At most one row is open."""

    set_at = models.DateTimeField()
    set_by_name = models.CharField(max_length=150)
    reason = models.CharField(max_length=200, blank=True, default="")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by_name = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        ordering = ["-set_at"]
        constraints = [
            models.UniqueConstraint(
                models.Value(1), condition=models.Q(lifted_at__isnull=True), name="one_open_freeze"
            )
        ]

    def __str__(self) -> str:
        return f"freeze of {self.set_at:%Y-%m-%d %H:%M}"


class Heartbeat(models.Model):
    """When a background process was last known to live."""

    name = models.CharField(max_length=120, primary_key=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class IdempotencyRecord(models.Model):
    """The answer that was given under an `Idempotency-Key`, so that a repeat gets the same."""

    owner = models.CharField(max_length=64)
    key = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    body: Any = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return f"idempotency record {self.pk}"

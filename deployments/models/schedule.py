"""When a server is to be lit by itself, week for week."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models

from deployments.planning.windows import Rule

from .budget import check_zone
from .deployment import Deployment

DAYS = RegexValidator(r"^(?!.*(.).*\1)[0-6]{1,7}$", "Name each weekday once, 0 for Monday to 6 for Sunday.")


class Schedule(models.Model):
    """A standing start by its owner: on `days` (digits, 0 is Monday) from `starts` to `ends` of `time_zone`,
    the next day where `ends` is not later.

    With `lead` it is lit a median cold start earlier, so that it is ready at `starts`. `skips` are days (ISO)
    of its zone on which it does not open. `refused_at` is the opening (its `starts_at`) that was refused and
    told, `refused_text` why; both are empty again once it is lit. `quoted_usd_per_week` was seen when saved.
    """

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="schedules")
    name = models.CharField(max_length=80)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="schedules"
    )
    owner_name = models.CharField(max_length=150)
    key_id = models.BigIntegerField(null=True, blank=True, help_text="of the key it was saved with: it pays")
    days = models.CharField(max_length=7, validators=[DAYS])
    starts = models.TimeField()
    ends = models.TimeField()
    time_zone = models.CharField(max_length=64, default="UTC", validators=[check_zone])
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)
    skips = models.JSONField(default=list, blank=True)
    lead = models.BooleanField(default=True)
    enabled = models.BooleanField(default=True)
    quoted_usd_per_week = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    created_at = models.DateTimeField()
    refused_at = models.DateTimeField(null=True, editable=False)
    refused_text = models.TextField(blank=True, default="", editable=False)

    class Meta:
        ordering = ["deployment", "starts", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(valid_until__isnull=True)
                | models.Q(valid_from__isnull=True)
                | models.Q(valid_until__gte=models.F("valid_from")),
                name="schedule_ends_after_it_begins",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def rule(self, boot: timedelta) -> Rule:
        """As a pure value; `boot` is the median cold start as wall time."""
        return Rule(
            key=self.pk or 0,
            days=frozenset(int(day) for day in self.days),
            starts=self.starts,
            ends=self.ends,
            zone=ZoneInfo(self.time_zone),
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            skips=frozenset(date.fromisoformat(day) for day in self.skips),
            lead=boot if self.lead else timedelta(0),
        )

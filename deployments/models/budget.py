"""How much may be spent."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from deployments.ledger.budgeting import Every, Standing, period_of
from deployments.ledger.window import Window

from .deployment import Deployment


class BudgetScope(models.TextChoices):
    """Whose money it limits."""

    PANEL = "panel", "everything"
    DEPLOYMENT = "deployment", "a deployment"
    PERSON = "person", "a person"
    KEY = "key", "a key"


class Period(models.TextChoices):
    """How often it begins anew."""

    DAY = Every.DAY, "day"
    WEEK = Every.WEEK, "week"
    MONTH = Every.MONTH, "month"


def check_zone(name: str) -> None:
    """ValidationError where `name` is no zone of the IANA database."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValidationError("Name a time zone such as Europe/Berlin or UTC.", code="time_zone") from None


class Budget(models.Model):
    """A limit for a day, a week or a month of a time zone.

    At the limit of the panel or of a deployment, its servers are drained for `grace_s` seconds and put out;
    at that of a person or a key, only they are refused. `spent_usd` and `reserved_usd` are what was counted
    at `counted_at`, for pages; decisions count anew. `warned_percent` was told last, in the period that began
    on `warned_on`; that its pace passes it was told in the period that began on `overrun_told_on`.
    """

    scope = models.CharField(max_length=12, choices=BudgetScope)
    deployment = models.ForeignKey(
        Deployment, null=True, blank=True, on_delete=models.CASCADE, related_name="budgets"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="budgets"
    )
    key_id = models.BigIntegerField(null=True, blank=True)
    period = models.CharField(max_length=8, choices=Period, default=Period.MONTH)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[check_zone])
    amount_usd = models.DecimalField(
        max_digits=12, decimal_places=2, validators=[MinValueValidator(Decimal("0.01"))]
    )
    grace_s = models.PositiveIntegerField(default=60, validators=[MaxValueValidator(3600)])
    set_at = models.DateTimeField()
    set_by_name = models.CharField(max_length=150)
    spent_usd = models.DecimalField(max_digits=14, decimal_places=6, default=Decimal(0), editable=False)
    reserved_usd = models.DecimalField(max_digits=14, decimal_places=6, default=Decimal(0), editable=False)
    counted_at = models.DateTimeField(null=True, editable=False)
    warned_percent = models.PositiveSmallIntegerField(default=0, editable=False)
    warned_on = models.DateField(null=True, editable=False)
    overrun_told_on = models.DateField(null=True, editable=False)

    class Meta:
        ordering = ["scope", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    scope="panel", deployment__isnull=True, user__isnull=True, key_id__isnull=True
                )
                | models.Q(
                    scope="deployment", deployment__isnull=False, user__isnull=True, key_id__isnull=True
                )
                | models.Q(scope="person", deployment__isnull=True, user__isnull=False, key_id__isnull=True)
                | models.Q(scope="key", deployment__isnull=True, user__isnull=True, key_id__isnull=False),
                name="budget_names_its_target",
            ),
            models.CheckConstraint(condition=models.Q(amount_usd__gt=0), name="budget_is_an_amount"),
            models.UniqueConstraint(
                fields=["period"], condition=models.Q(scope="panel"), name="one_budget_of_the_panel"
            ),
            models.UniqueConstraint(
                fields=["deployment", "period"],
                condition=models.Q(scope="deployment"),
                name="one_budget_per_deployment",
            ),
            models.UniqueConstraint(
                fields=["user", "period"], condition=models.Q(scope="person"), name="one_budget_per_person"
            ),
            models.UniqueConstraint(
                fields=["key_id", "period"], condition=models.Q(scope="key"), name="one_budget_per_key"
            ),
        ]

    def __str__(self) -> str:
        return f"${self.amount_usd} a {self.period} for {self.get_scope_display()}"

    def window(self, now: datetime) -> Window:
        """The period that runs."""
        return period_of(Every(self.period), ZoneInfo(self.time_zone), now)

    @property
    def counted(self) -> Standing:
        """Where it stood at `counted_at`."""
        return Standing(self.amount_usd, self.spent_usd, self.reserved_usd)

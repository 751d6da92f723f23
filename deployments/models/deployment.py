"""A named server configuration that people see."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models

from .account import Account

if TYPE_CHECKING:
    from .download import Download
    from .finding import Finding
    from .in_flight import InFlight
    from .lease import Lease, Wake
    from .release import Deploy
    from .run import Run


class Wanted(models.TextChoices):
    """Whether the endpoint may exist at the provider."""

    OFF = "off", "off"
    ON = "on", "on"


class StopKind(models.TextChoices):
    """An order to put a server out: keep the endpoint (sleep) or end it (off)."""

    NONE = "", "none"
    SLEEP = "sleep", "sleep"
    OFF = "off", "turn off"


SLUG = RegexValidator(r"^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$", "Use a-z, 0-9 and single hyphens inside.")


class Deployment(models.Model):
    """What is wanted of one server, and what was last seen of it.

    The state people read is derived from these facts by `deployments.planning.lifecycle`, never stored.
    `config` is the editable configuration (the JSON of a `Spec`); a `Release` freezes it.
    """

    slug = models.CharField(max_length=48, unique=True, validators=[SLUG])
    name = models.CharField(max_length=80)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="deployments")
    config = models.JSONField(default=dict)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    notes = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    wanted = models.CharField(max_length=4, choices=Wanted, default=Wanted.OFF)
    current_release = models.ForeignKey(
        "deployments.Release", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    stop_kind = models.CharField(max_length=8, choices=StopKind, blank=True, default=StopKind.NONE)
    stop_requested_at = models.DateTimeField(null=True, blank=True)
    stop_by = models.CharField(max_length=150, blank=True, default="")
    stop_reason = models.CharField(max_length=32, blank=True, default="")
    stop_forced = models.BooleanField(default=False)
    stop_hard_at = models.DateTimeField(null=True, blank=True)
    stop_clear_since = models.DateTimeField(null=True, blank=True)
    relit_warning = models.BooleanField(default=False)

    live_release = models.ForeignKey(
        "deployments.Release", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    maybe_deployed = models.BooleanField(default=False)
    app_id = models.CharField(max_length=64, blank=True, default="")
    endpoint_url = models.CharField(max_length=300, blank=True, default="")
    backlog = models.PositiveIntegerField(default=0)
    running_inputs = models.PositiveIntegerField(default=0)
    observed_at = models.DateTimeField(null=True, blank=True)
    last_use_at = models.DateTimeField(null=True, blank=True)
    last_ping_at = models.DateTimeField(null=True, blank=True)
    log_cursor = models.DateTimeField(null=True, blank=True)
    log_read_until = models.DateTimeField(null=True, blank=True)
    log_app_id = models.CharField(max_length=64, blank=True, default="")
    app_checked_at = models.DateTimeField(null=True, blank=True)

    engine_failed_at = models.DateTimeField(null=True, blank=True)
    engine_failure_text = models.CharField(max_length=300, blank=True, default="")
    degraded_since = models.DateTimeField(null=True, blank=True)
    degraded_text = models.CharField(max_length=300, blank=True, default="")
    breaker_opened_at = models.DateTimeField(null=True, blank=True)
    breaker_reason = models.CharField(max_length=32, blank=True, default="")
    breaker_text = models.TextField(blank=True, default="")
    breaker_run = models.ForeignKey(
        "deployments.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    weights_present = models.BooleanField(null=True, blank=True)
    warm_up = models.BooleanField(
        default=True, help_text="Send a few short requests right after ready, so that nobody waits for them."
    )
    auto_rollback = models.BooleanField(
        default=False,
        verbose_name="automatic rollback",
        help_text="Where a new release does not become ready, go back to the last that was. Lights nothing.",
    )
    restoring = models.ForeignKey(
        "deployments.Release", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    member_cap_usd = models.DecimalField(
        max_digits=10, decimal_places=2, null=True, blank=True,
        validators=[MinValueValidator(Decimal("0.01"))],
        help_text="What a member’s start may cost at most, as quoted; empty for no cap.",
    )  # fmt: skip
    weights_checked_at = models.DateTimeField(null=True, blank=True)

    reconcile_claim = models.CharField(max_length=36, blank=True, default="")
    reconcile_claimed_until = models.DateTimeField(null=True, blank=True)

    # Attached by services.loading.with_facts
    open_leases: list[Lease]
    open_wakes: list[Wake]
    open_deploys: list[Deploy]
    open_downloads: list[Download]
    open_runs: list[Run]
    recent_runs: list[Run]
    boots: list[Run]
    flying: list[InFlight]
    # Attached by services.loading.attach_findings
    told_findings: list[Finding]

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(stop_kind="") | models.Q(stop_requested_at__isnull=False),
                name="deployment_stop_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def wakes_open(self) -> bool:
        """True while a wake is on its way."""
        return self.wakes.filter(status__in=["requested", "sent"]).exists()

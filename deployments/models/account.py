"""Credentials at a provider."""

from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models

from .encrypted import EncryptedTextField


class ProviderName(models.TextChoices):
    """Where a deployment can run."""

    MODAL = "modal", "Modal"


class Account(models.Model):
    """Credentials at a provider, their environment, and how fast time passes there.

    `speed` is 1 for life; a sandbox boots and idles `speed` times faster. Money is never scaled.
    Bills were read for hours that ended by `bills_until`, last at `bills_read_at`.
    `server_url` comes from the panel's own start or from MODAL_SERVER_URL; no page edits it. `workspace` is
    what the credentials were found to belong to, empty until they were asked.

    The secrets below are written at the provider, which gives none back. `secrets_version` counts their
    changes and `secrets_written` names the one that lies there: where they differ, they are written again
    before anything is lit. The proxy token before this one is revoked once nothing can hold it any more.
    `replaced_secrets` (JSON) are those that something lit may still say in its log.
    """

    name = models.CharField(max_length=80, unique=True)
    provider = models.CharField(max_length=16, choices=ProviderName, default=ProviderName.MODAL)
    environment = models.CharField(
        max_length=64, default="main", help_text="The Modal environment that holds the apps and secrets."
    )
    workspace = models.CharField(max_length=120, blank=True, default="", editable=False)
    token_id = models.CharField(max_length=120, blank=True)
    token_secret = EncryptedTextField(blank=True, default="")
    token_changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    from_environment = models.BooleanField(default=False, editable=False)
    is_sandbox = models.BooleanField(default=False, editable=False)
    server_url = models.CharField(max_length=200, blank=True, default="", editable=False)
    speed = models.DecimalField(
        max_digits=8, decimal_places=2, default=Decimal(1), validators=[MinValueValidator(Decimal("0.01"))],
        editable=False,
    )  # fmt: skip
    region_factor = models.DecimalField(
        max_digits=4, decimal_places=2, default=Decimal("1.75"), validators=[MinValueValidator(Decimal(1))],
        help_text="What a pinned region multiplies every price by (documented by Modal: 1.5 to 1.75).",
    )  # fmt: skip
    prices_tried_at = models.DateTimeField(null=True, blank=True, editable=False)
    prices_error = models.TextField(blank=True, default="", editable=False)
    bills_tried_at = models.DateTimeField(null=True, blank=True, editable=False)
    bills_read_at = models.DateTimeField(null=True, blank=True, editable=False)
    bills_until = models.DateTimeField(null=True, blank=True, editable=False)
    bills_in_plan = models.BooleanField(default=True, editable=False)
    bills_error = models.TextField(blank=True, default="", editable=False)
    read_budget_usd = models.DecimalField(
        max_digits=12, decimal_places=2, null=True, blank=True, editable=False
    )
    read_budget_used_usd = models.DecimalField(
        max_digits=14, decimal_places=4, null=True, blank=True, editable=False
    )
    read_budget_reached = models.BooleanField(default=False, editable=False)
    read_budget_at = models.DateTimeField(null=True, blank=True, editable=False)
    typed_budget_usd = models.DecimalField(
        max_digits=12, decimal_places=2, null=True, blank=True,
        validators=[MinValueValidator(Decimal("0.01"))],
        help_text="The environment's own monthly budget, where the provider does not let the panel read it.",
    )  # fmt: skip
    typed_budget_source = models.CharField(
        max_length=120, blank=True, default="", help_text="Where it was looked up."
    )
    typed_budget_on = models.DateField(null=True, blank=True, editable=False)
    engine_key = EncryptedTextField(blank=True, default="", editable=False)
    engine_key_changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    proxy_token_id = models.CharField(max_length=120, blank=True, default="", editable=False)
    proxy_token_secret = EncryptedTextField(blank=True, default="", editable=False)
    proxy_token_changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    retired_proxy_token_id = models.CharField(max_length=120, blank=True, default="", editable=False)
    proxy_token_retired_at = models.DateTimeField(null=True, blank=True, editable=False)
    retire_error = models.TextField(blank=True, default="", editable=False)
    huggingface_token = EncryptedTextField(blank=True, default="")
    huggingface_changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    replaced_secrets = EncryptedTextField(blank=True, default="", editable=False)
    secrets_version = models.PositiveIntegerField(default=0, editable=False)
    secrets_written = models.IntegerField(default=0, editable=False)
    secrets_written_at = models.DateTimeField(null=True, blank=True, editable=False)
    secrets_error = models.TextField(blank=True, default="", editable=False)
    checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    check_error = models.TextField(blank=True, default="", editable=False)
    seen_at = models.DateTimeField(null=True, blank=True, editable=False)
    blind_since = models.DateTimeField(null=True, blank=True, editable=False)
    last_error = models.TextField(blank=True, default="", editable=False)
    tried_at = models.DateTimeField(null=True, blank=True, editable=False)
    apps_checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    observe_claim = models.CharField(max_length=36, blank=True, default="", editable=False)
    observe_claimed_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            # Each of two would see the other's apps as unexplained.
            models.UniqueConstraint(
                fields=["provider", "server_url", "workspace", "environment"],
                condition=~models.Q(workspace=""),
                name="one_account_for_a_place",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<Account {self.pk} {self.name!r}>"

    @property
    def secrets_due(self) -> bool:
        """True where the provider does not hold the secrets as they are kept here."""
        return self.secrets_version != self.secrets_written

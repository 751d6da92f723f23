"""Accounts, to read: they are changed under Settings, Accounts, where the provider is asked first."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.admin import ModelAdmin

from deployments.models import Account
from deployments.providers.base import ProviderError
from deployments.providers.registry import provider_for
from deployments.services import prices


@admin.register(Account)
class AccountAdmin(ModelAdmin):  # type: ignore[misc]
    """Credentials at a provider, without the credentials. Looking asks nothing of the provider."""

    list_display = ["name", "provider", "workspace", "environment", "is_sandbox", "seen_at", "blind_since"]
    actions = ["test_connection", "ask_for_prices"]
    readonly_fields = ["change_it"]
    fieldsets = [
        (None, {"fields": ["name", "change_it", "provider", "workspace", "environment", "is_sandbox"]}),
        (
            "Secrets",
            {
                "fields": [
                    "token_id",
                    "token_changed_at",
                    "proxy_token_id",
                    "proxy_token_changed_at",
                    "engine_key_changed_at",
                    "huggingface_changed_at",
                    "secrets_written_at",
                    "secrets_error",
                ]
            },
        ),
        ("Prices", {"fields": ["region_factor", "prices_tried_at", "prices_error"]}),
        (
            "The provider’s own budget of a month",
            {
                "fields": [
                    "read_budget_usd",
                    "read_budget_used_usd",
                    "read_budget_at",
                    "typed_budget_usd",
                    "typed_budget_source",
                    "typed_budget_on",
                ]
            },
        ),
        ("Bills", {"fields": ["bills_read_at", "bills_error"]}),
        (
            "As it was last seen",
            {"fields": ["seen_at", "blind_since", "last_error", "checked_at", "check_error"]},
        ),
    ]

    @admin.display(description="Changed under")
    def change_it(self, account: Account) -> str:
        """Where it can be changed."""
        return format_html(
            '<a href="{}">Settings, Accounts</a>', reverse("deployments:account", args=[account.pk])
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never: a new one is checked at the provider first."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never; the page still shows."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never; its own page does it, and revokes what it can."""
        return False

    @admin.action(description="Test the connection (asks the provider now; free)")
    def test_connection(self, request: HttpRequest, accounts: QuerySet[Account]) -> None:
        """One read-only call for each chosen account."""
        for account in accounts:
            try:
                provider_for(account).check()
            except ProviderError as error:
                self.message_user(request, f"{account.name}: {error}", messages.ERROR)
            else:
                self.message_user(request, f"{account.name} answers.", messages.SUCCESS)

    @admin.action(description="Ask for the account's own prices (free)")
    def ask_for_prices(self, request: HttpRequest, accounts: QuerySet[Account]) -> None:
        """What changed becomes a new row of the price list."""
        for account in accounts:
            said = prices.refresh(account)
            level = messages.WARNING if said else messages.SUCCESS
            self.message_user(request, f"{account.name}: {said or 'its rates are written.'}", level)

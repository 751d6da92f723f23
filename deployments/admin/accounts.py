"""Accounts: secrets are written here and never shown."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminPasswordWidget

from deployments.models import Account
from deployments.providers.base import ProviderError
from deployments.providers.registry import provider_for
from deployments.services import audit, prices

if TYPE_CHECKING:
    _AccountForm = forms.ModelForm[Account]
else:  # only the type stubs know the parameter
    _AccountForm = forms.ModelForm

SECRETS = ("token_secret", "huggingface_token")


class AccountForm(_AccountForm):
    """A secret field that is left empty keeps what is stored; nothing stored is ever put into the page."""

    class Meta:
        model = Account
        fields = [
            "name",
            "provider",
            "environment",
            "token_id",
            "region_factor",
            "typed_budget_usd",
            "typed_budget_source",
            *SECRETS,
        ]
        widgets = {name: UnfoldAdminPasswordWidget(render_value=False) for name in SECRETS}
        labels = {"token_id": "Token id", "huggingface_token": "Hugging Face token"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in SECRETS:
            stored = bool(getattr(self.instance, name))
            self.initial.pop(name, None)
            self.fields[name].required = False
            self.fields[name].widget.attrs["autocomplete"] = "new-password"
            self.fields[name].help_text = (
                "Set. Leave empty to keep it, type to replace it." if stored else "Not set."
            )

    def clean_token_secret(self) -> str:
        """The new secret, or the stored one."""
        return self._kept("token_secret")

    def clean_huggingface_token(self) -> str:
        """The new token, or the stored one."""
        return self._kept("huggingface_token")

    def _kept(self, name: str) -> str:
        return str(self.cleaned_data.get(name) or getattr(self.instance, name) or "")


@admin.register(Account)
class AccountAdmin(ModelAdmin):  # type: ignore[misc]
    """Credentials at a provider. Saving asks nothing of the provider; the action does."""

    form = AccountForm
    list_display = ["name", "provider", "environment", "is_sandbox", "seen_at", "blind_since"]
    readonly_fields = [
        "is_sandbox",
        "seen_at",
        "blind_since",
        "last_error",
        "secrets_written_at",
        "prices_tried_at",
        "prices_error",
        "read_budget_usd",
        "read_budget_used_usd",
        "read_budget_at",
        "typed_budget_on",
        "bills_read_at",
        "bills_error",
    ]
    actions = ["test_connection", "ask_for_prices"]
    fieldsets = [
        (None, {"fields": ["name", "provider", "environment", "is_sandbox"]}),
        ("Secrets", {"fields": ["token_id", *SECRETS, "secrets_written_at"]}),
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
        ("As it was last seen", {"fields": ["seen_at", "blind_since", "last_error"]}),
    ]

    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:
        """Save, and say in the audit record which fields were written, never what they hold."""
        if "typed_budget_usd" in form.changed_data:
            obj.typed_budget_on = timezone.now().date()
        super().save_model(request, obj, form, change)
        actor = request.actor  # type: ignore[attr-defined]
        fields = ", ".join(form.changed_data) or "nothing"
        audit.record(actor, "account", target=obj.name, summary=f"{actor.name} wrote {fields} of {obj.name}.")

    def has_delete_permission(self, request: HttpRequest, obj: Account | None = None) -> bool:
        """Only an account that no deployment and no run names can go."""
        used = obj is not None and (obj.deployments.exists() or obj.runs.exists())
        return obj is not None and not used and super().has_delete_permission(request, obj)

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

"""Keys and usage in the admin site: to be seen and revoked, never edited."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from .keys import revoke_key
from .models import ApiKey, UsageRecord


class _ReadOnly(ModelAdmin):  # type: ignore[misc]
    """Rows that only the panel itself writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never: a key made here could not show its secret."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: revoke it, so that its usage keeps its name."""
        return False


@admin.register(ApiKey)
class ApiKeyAdmin(_ReadOnly):
    """Everybody's keys, without secrets and hashes."""

    list_display = [
        "name",
        "prefix",
        "owner",
        "scopes",
        "when_asleep",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
    ]
    list_filter = ["revoked_at", "expires_at"]
    list_select_related = ["owner"]
    search_fields = ["name", "prefix", "owner__username"]
    exclude = ["secret_hash"]
    actions = ["revoke"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        """People's keys; the panel's own tokens come and go by themselves."""
        keys: QuerySet[ApiKey] = super().get_queryset(request)
        return keys.filter(internal=False)

    @admin.action(description="Revoke the chosen keys")
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        """End the keys for good."""
        for key in keys:
            revoke_key(key.pk, actor=request.actor)  # type: ignore[attr-defined]
        messages.success(request, f"Revoked {len(keys)}; the gateway feels it within 5 s.")


@admin.register(UsageRecord)
class UsageRecordAdmin(_ReadOnly):
    """What came through the door."""

    list_display = [
        "started_at", "deployment_slug", "user", "key", "path", "status", "outcome", "prompt_tokens",
        "completion_tokens", "waited_s", "duration_s",
    ]  # fmt: skip
    list_filter = ["outcome", "deployment_slug"]
    list_select_related = ["user", "key"]
    search_fields = ["request_id"]
    show_full_result_count = False

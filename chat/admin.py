"""The playground in the admin site: who writes and how replies ended, never what people said."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from chat.models import Generator, Message


class _Reading(ModelAdmin):  # type: ignore[misc]
    """Nothing can be added, changed or deleted here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never; the page still shows."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: a conversation is its owner's to delete."""
        return False


@admin.register(Generator)
class GeneratorAdmin(_Reading):
    """The processes that write replies."""

    list_display = ["name", "started_at", "seen_at", "stopped_at"]


@admin.register(Message)
class MessageAdmin(_Reading):
    """How replies went, in figures; conversations are private to their owners."""

    list_display = [
        "created_at",
        "status",
        "error_code",
        "model",
        "completion_tokens",
        "cost_usd",
        "request_id",
    ]
    list_filter = ["status", "error_code"]
    search_fields = ["request_id"]
    fields = [
        "public_id", "role", "status", "error_code", "error_text", "finish_reason", "model", "request_id",
        "created_at", "started_at", "first_token_at", "reasoning_ended_at", "finished_at", "waited_s",
        "written_s", "prompt_tokens", "cached_tokens", "completion_tokens", "reasoning_tokens", "cost_usd",
        "generator", "asked_times",
    ]  # fmt: skip
    show_full_result_count = False

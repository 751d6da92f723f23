"""The chat app."""

from django.apps import AppConfig


class ChatConfig(AppConfig):
    """Conversations and their generation."""

    name = "chat"
    verbose_name = "Playground"
    default_auto_field = "django.db.models.BigAutoField"

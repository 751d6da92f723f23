"""Addresses of the playground, in one place."""

from django.urls import reverse

from chat.models import Conversation, Message


def chat(slug: str) -> str:
    """The tab: a new conversation."""
    return reverse("chat:index", args=[slug])


def conversation(row: Conversation) -> str:
    """The page of a conversation."""
    return reverse("chat:conversation", args=[row.deployment_slug, row.public_id])


def ask(row: Conversation) -> str:
    """Where its composer sends."""
    return reverse("chat:ask", args=[row.deployment_slug, row.public_id])


def turn(message: Message) -> str:
    """The same, at one of its messages."""
    return f"{conversation(message.conversation)}#m-{message.public_id}"

"""What the clock does for the gateway."""

from celery import shared_task

from . import tokens


@shared_task(name="gateway.tasks.prune_tokens")
def prune_tokens() -> None:
    """Drop the panel's own tokens that are over. Safe to repeat."""
    tokens.prune_tokens()

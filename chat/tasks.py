"""Celery tasks of the playground: thin, idempotent, each safe to run twice or never."""

from celery import shared_task
from django.utils import timezone

from chat.runner.lives import take_over as take_over_from_the_dead
from chat.services import nudges
from chat.streams.publish import tell


@shared_task(name="chat.tasks.take_over")
def take_over() -> None:
    """End or queue again what dead generators left, also while no other one runs."""
    told = take_over_from_the_dead(timezone.now())
    for public_id, events in told:
        tell(public_id, events)
    if told:
        nudges.asked()

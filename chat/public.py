"""All that the project and pages may ask of the playground's generator."""

from datetime import datetime

from django.utils import timezone

from chat.models import Generator

__all__ = ["generator_age_s", "generator_runs"]


def generator_runs(now: datetime | None = None) -> bool:
    """True where some process said a moment ago that it writes replies."""
    return Generator.objects.alive(now or timezone.now()).exists()


def generator_age_s(now: datetime | None = None) -> float | None:
    """Seconds since a generator last said that it lives; None where none ever did in the last day."""
    row = Generator.objects.order_by("-seen_at").first()
    return ((now or timezone.now()) - row.seen_at).total_seconds() if row is not None else None

"""Days as a filter's address names them."""

from datetime import date, datetime, time, timedelta

from django.utils import timezone


def midnight(day: str, *, days: int = 0) -> datetime | None:
    """The beginning of that day in the reader's zone, or of one `days` later; None for what is no day."""
    try:
        return timezone.make_aware(datetime.combine(date.fromisoformat(day) + timedelta(days=days), time.min))
    except (ValueError, OverflowError):
        return None

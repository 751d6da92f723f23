"""The processes that write replies."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models

# A generator says every second that it lives. One that is silent for this long is taken for dead: long
# enough for a slow disk, short enough that a person is told within 15 s.
SILENT_AFTER = timedelta(seconds=8)


class GeneratorQuerySet(models.QuerySet["Generator"]):
    """Sets of generators."""

    def alive(self, now: datetime) -> Self:
        """Those that said so a moment ago and were not stopped."""
        return self.filter(seen_at__gte=now - SILENT_AFTER, stopped_at__isnull=True)

    def dead(self, now: datetime) -> Self:
        """Those that were stopped, or have been silent for too long."""
        silent = models.Q(seen_at__lt=now - SILENT_AFTER)
        return self.filter(silent | models.Q(stopped_at__isnull=False))


class Generator(models.Model):
    """One life of `manage.py runner`. `name` is its machine and process, for people who look for it."""

    name = models.CharField(max_length=120)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)
    stopped_at = models.DateTimeField(null=True, blank=True)

    objects = GeneratorQuerySet.as_manager()

    class Meta:
        ordering = ["-seen_at"]

    def __str__(self) -> str:
        return self.name

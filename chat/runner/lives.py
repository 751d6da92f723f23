"""A generator's sign of life, and what becomes of the replies of one that died."""

import os
import socket
from datetime import datetime, timedelta

from django.db.models import Q

from chat.models import Generator

_KEPT = timedelta(days=1)


def begin_life(now: datetime) -> Generator:
    """A row for this process; drops rows of long ago."""
    Generator.objects.filter(seen_at__lt=now - _KEPT).delete()
    name = f"{socket.gethostname()}:{os.getpid()}"
    return Generator.objects.create(name=name[:120], started_at=now, seen_at=now)


def beat(generator: Generator, now: datetime) -> bool:
    """Say that it lives. False where others have taken it for dead or its row is gone: it has to begin anew."""
    alive = Q(pk=generator.pk, stopped_at__isnull=True)
    return bool(Generator.objects.filter(alive).update(seen_at=now))


def end_life(generator: Generator, now: datetime) -> None:
    """Say that it stopped."""
    Generator.objects.filter(pk=generator.pk).update(stopped_at=now)

"""The last errors, kept for the one on call: without secrets, the same one once, a bounded number."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone

from deployments.models import ErrorSource, KeptError

from .redaction import storable
from .taking import fingerprint

log = structlog.get_logger(__name__)

# So many different ones are kept, and for so long.
MOST_KEPT = 300
KEPT_FOR = timedelta(days=30)


def keep(
    source: ErrorSource, name: str, text: str, *, known: Iterable[str] = (), now: datetime | None = None
) -> None:
    """Keep one error; `known` are secrets that its text may hold. Never raises: whoever reports an error has
    something more important to do."""
    now = now or timezone.now()
    name, text = name[:120], " ".join(storable(text, known).split())[:500]
    try:
        with transaction.atomic():
            _write(source, name, text, now)
    except DatabaseError:
        log.warning("error.not_kept", name=name)


def words_of(error: BaseException) -> str:
    """An exception as one kept line: its kind and its own words."""
    return f"{type(error).__name__}: {error}"


def _write(source: ErrorSource, name: str, text: str, now: datetime) -> None:
    mark = fingerprint(source, name, text)
    if KeptError.objects.filter(mark=mark).update(times=F("times") + 1, last_at=now):
        return
    row = KeptError(source=source, name=name, text=text, mark=mark, first_at=now, last_at=now)
    KeptError.objects.bulk_create([row], ignore_conflicts=True)
    beyond = KeptError.objects.order_by("-last_at", "-id").values_list("pk", flat=True)[MOST_KEPT:]
    KeptError.objects.filter(pk__in=list(beyond)).delete()


def prune(now: datetime) -> None:
    """Forget those of long ago."""
    KeptError.objects.filter(last_at__lt=now - KEPT_FOR).delete()


def newest(number: int) -> list[KeptError]:
    """The newest, each once."""
    return list(KeptError.objects.all()[:number])

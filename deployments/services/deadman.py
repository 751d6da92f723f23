"""A message to somewhere else while all is well: when it stops, the alarm there is raised.

Whoever watches the panel from within dies with it. So an address elsewhere (healthchecks.io, or one's own)
expects a call every few minutes, and the call is made only while the panel really looks after what is lit.
"""

import http.client
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from deployments.models import Account, Heartbeat, Lease, Run

from .outgoing import cut_after

log = structlog.get_logger(__name__)

CALLED, FAILED = "dead-man", "dead-man failed"
# Each web process is a row of its own: its name follows.
GATEWAY = "gateway "
RECONCILED, BUDGETED, WORKER = "reconcile round", "budget round", "worker"
# Rounds come every few seconds; a minute without one is no hiccup.
ROUND_LIMIT = timedelta(seconds=60)
# Where only what nothing explains is lit, one look a minute is the rule.
UNEXPLAINED_LIMIT = timedelta(seconds=120)
_PARTS = {
    WORKER: "no worker has reported",
    RECONCILED: "no full round of the reconciler was made",
    BUDGETED: "the budgets were not all counted",
}
# One step, and the whole call however slowly the receiver drips.
_TIMEOUT_S, _WHOLE_S = 10.0, 20.0
_GOOD = range(200, 300)


@dataclass(frozen=True, slots=True)
class Report:
    """Whether there is an address, when it was last called, when that last failed, why it is withheld now."""

    is_set: bool
    called_at: datetime | None
    failed_at: datetime | None
    withheld: list[str]


def note(part: str, now: datetime) -> None:
    """A round was made, and nothing in it failed."""
    Heartbeat.objects.update_or_create(name=part, defaults={"at": now})


def withheld(now: datetime) -> list[str]:
    """Why the panel cannot be said to look after what is lit; empty where it does. Raises DatabaseError."""
    seen = dict(Heartbeat.objects.filter(name__in=_PARTS).values_list("name", "at"))
    late = [f"{words} for a minute" for part, words in _PARTS.items() if not _recent(seen.get(part), now)]
    return late + [f"{row.name} cannot be read, and something is lit there" for row in _unseen(now)]


def _recent(at: datetime | None, now: datetime, limit: timedelta = ROUND_LIMIT) -> bool:
    """A time in the future is none of a living process either: somebody moved the clock."""
    return at is not None and abs(now - at) <= limit


def _unseen(now: datetime) -> list[Account]:
    held = Q(pk__in=Run.objects.filter(ended_at__isnull=True).values("account"))
    held |= Q(pk__in=Lease.objects.filter(ended_at__isnull=True).values("deployment__account"))
    unexplained = Q(orphans__containers__ended_at__isnull=True, orphans__containers__isnull=False)
    limits = dict.fromkeys(Account.objects.filter(unexplained), UNEXPLAINED_LIMIT)
    limits |= dict.fromkeys(Account.objects.filter(held), ROUND_LIMIT)
    return [
        row for row, limit in limits.items()
        if row.blind_since is not None or not _recent(row.seen_at, now, limit)
    ]  # fmt: skip


def worker_reports(now: datetime) -> bool:
    """True where a worker said within a minute that it lives."""
    row = Heartbeat.objects.filter(name=WORKER).first()
    return row is not None and _recent(row.at, now)


def call(*, now: datetime | None = None) -> bool:
    """Call the address if there is one and all is well; True where it answered. Network errors are noted."""
    now, url = now or timezone.now(), settings.DEADMAN_URL
    if not url:
        return False
    why = withheld(now)
    if why:
        log.warning("deadman.withheld", why=why)
        return False
    answered = _get(url)
    note(CALLED if answered else FAILED, now)
    return answered


def report(now: datetime) -> Report:
    """How it stands, for people."""
    seen = dict(Heartbeat.objects.filter(name__in=(CALLED, FAILED)).values_list("name", "at"))
    return Report(bool(settings.DEADMAN_URL), seen.get(CALLED), seen.get(FAILED), withheld(now))


def _get(url: str) -> bool:
    """One GET, no redirect followed. The address is a secret: nothing of it is logged."""
    parts = urlsplit(url)
    try:
        connection = _connection(parts.scheme, parts.hostname or "", parts.port)
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.connect()
            with cut_after(_WHOLE_S, connection.sock):
                connection.request("GET", path, headers={"User-Agent": "pilotlight", "Connection": "close"})
                status = connection.getresponse().status
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        log.warning("deadman.failed", error=type(error).__name__)
        return False
    if status not in _GOOD:
        log.warning("deadman.failed", status=status)
    return status in _GOOD


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_S, context=context)
    return http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)

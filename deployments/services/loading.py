"""Deployments with everything that a decision or a page needs, in a constant number of queries."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Prefetch, QuerySet, prefetch_related_objects

from deployments.models import (
    OPEN_DEPLOYS,
    OPEN_DOWNLOADS,
    OPEN_WAKES,
    Cause,
    Deploy,
    Deployment,
    Download,
    Finding,
    InFlight,
    Lease,
    Run,
    Wake,
)

# A gateway process that has not reported for this long is dead.
IN_FLIGHT_STALE = timedelta(seconds=5)
HISTORY, RECENT, FINDINGS = 50, 20, 40


def with_facts(rows: QuerySet[Deployment], now: datetime) -> QuerySet[Deployment]:
    """`rows` with open leases, wakes, deploys, downloads, runs and requests, and recent history, attached.

    The lists hang on each deployment as `open_leases`, `open_wakes`, `open_deploys`, `open_downloads`,
    `open_runs`, `recent_runs` (ended, newest first), `boots` (ready, newest first) and `flying`.
    """
    rows = rows.select_related("account", "current_release", "live_release")
    return rows.prefetch_related(  # type: ignore[no-redef]  # the model declares the attached lists
        # Few have these: a join would make every look longer.
        "restoring",
        "breaker_run__release",
        Prefetch("leases", Lease.objects.filter(ended_at__isnull=True).order_by("id"), to_attr="open_leases"),
        Prefetch("wakes", Wake.objects.filter(status__in=OPEN_WAKES), to_attr="open_wakes"),
        Prefetch(
            "deploys",
            Deploy.objects.filter(status__in=OPEN_DEPLOYS).select_related("release"),
            to_attr="open_deploys",
        ),
        Prefetch("downloads", Download.objects.filter(status__in=OPEN_DOWNLOADS), to_attr="open_downloads"),
        Prefetch(
            "runs",
            Run.objects.filter(ended_at__isnull=True)
            .select_related("release")
            .prefetch_related("phases")
            .order_by("id"),
            to_attr="open_runs",
        ),
        Prefetch(
            "runs", _serving().filter(ended_at__isnull=False).order_by("-id")[:RECENT], to_attr="recent_runs"
        ),
        Prefetch("runs", _ready()[:HISTORY], to_attr="boots"),
        Prefetch(
            "in_flight",
            InFlight.objects.filter(updated_at__gt=now - IN_FLIGHT_STALE),
            to_attr="flying",
        ),
    )


def attach_findings(rows: Sequence[Deployment]) -> None:
    """Hang `told_findings` on each: newest first, of those that a breaker keeps out. No query where none is,
    one otherwise."""
    broken = [row for row in rows if row.breaker_opened_at is not None]
    newest = Finding.objects.select_related("run__release", "release").order_by("-id")[:FINDINGS]
    for row in rows:
        if row.breaker_opened_at is None:
            row.told_findings = []
    if broken:
        prefetch_related_objects(broken, Prefetch("findings", newest, to_attr="told_findings"))


def boots_of(deployment: Deployment) -> list[Run]:
    """What `with_facts` attaches as `boots`, alone. One query."""
    return list(_ready().filter(deployment=deployment)[:HISTORY])


def _serving() -> QuerySet[Run]:
    return Run.objects.exclude(cause=Cause.DOWNLOAD)


def _ready() -> QuerySet[Run]:
    return _serving().filter(ready_at__isnull=False, started_at__isnull=False).order_by("-id")


def loaded(deployment_id: int, now: datetime) -> Deployment:
    """One deployment with its facts. Raises Deployment.DoesNotExist."""
    return with_facts(Deployment.objects.all(), now).get(pk=deployment_id)

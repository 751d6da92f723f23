"""Whether requests fail while a server is lit, judged from what the gateway measured; told once a spell."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from deployments.metrics.bucket import class_of
from deployments.metrics.health import RULE, Ended, Health, judge
from deployments.models import Cause, Deployment, Run

from . import notify
from .measurements import reader

_COUNTED = {"answered": False, "engine_errors": True}


def go_round(*, now: datetime | None = None) -> None:
    """Judge what failed lately or was called degraded. One query where nothing did."""
    now = now or timezone.now()
    lately = Q(engine_failed_at__gt=now - RULE.forgotten - timedelta(minutes=1))
    called = Q(degraded_since__isnull=False)
    for row in Deployment.objects.filter(lately | called, archived_at__isnull=True):
        _judge(row, now)


def _judge(deployment: Deployment, now: datetime) -> None:
    run = _ready_run(deployment)
    if run is None or run.ready_at is None:
        _write(deployment, Health(None), now, None)
        return
    told = reader().ended(deployment.pk, max(run.ready_at, now - RULE.forgotten))
    _write(deployment, judge(_ended(told), deployment.degraded_since, now), now, run)


def _ready_run(deployment: Deployment) -> Run | None:
    rows = deployment.runs.filter(ended_at__isnull=True, ready_at__isnull=False)
    return rows.exclude(cause=Cause.DOWNLOAD).order_by("-ready_at").first()


def _ended(told: Sequence[tuple[datetime, str, int]]) -> list[Ended]:
    kinds = ((at, class_of(outcome, status)) for at, outcome, status in told)
    return [Ended(at, _COUNTED[kind]) for at, kind in kinds if kind in _COUNTED]


def _write(deployment: Deployment, health: Health, now: datetime, run: Run | None) -> None:
    """Only where nobody else has judged since; a new spell is told in the same transaction."""
    before = deployment.degraded_since
    text = _words(health, deployment) if health.since is not None else ""
    if before is None and health.since is None:
        return
    with transaction.atomic():
        rows = Deployment.objects.filter(pk=deployment.pk, degraded_since=before)
        changed = rows.update(degraded_since=health.since, degraded_text=text)
        if changed and before is None and run is not None:
            _tell(deployment, run, health, text)


def _words(health: Health, deployment: Deployment) -> str:
    """`4 of 9 requests failed in the last minute. It answered 500.`; what was said last where none did."""
    if not health.failed:
        return deployment.degraded_text
    what = "request" if health.ended == 1 else "requests"
    counted = f"{health.failed} of {health.ended} {what} failed in the last minute."
    return f"{counted} {deployment.engine_failure_text}".strip()[:300]


def _tell(deployment: Deployment, run: Run, health: Health, text: str) -> None:
    notify.tell(
        "degraded",
        f"{deployment.name} is lit, but requests fail.",
        more=f"{text} It is billed meanwhile. Its log and its metrics tell more; Sleep puts it out.",
        deployment=deployment,
        facts={
            "run": run.number,
            "since": health.since.isoformat() if health.since else None,
            "failed": health.failed,
            "ended": health.ended,
        },
        once=f"degraded:{run.pk}:{health.since:%Y%m%dT%H%M%S}" if health.since else "",
    )

"""Letting old log lines go, by age and by number for each deployment, a few at a time."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from deployments.models import Deploy, Deployment, DeployStatus, EndReason, Finding, LogLine, Run

_BATCH = 2000
# What an overlapping read may still see again is not forgotten: it would be taken in once more.
_FRESH = timedelta(minutes=10)
# Runs whose log is what their end is understood from.
_FAILED = (
    EndReason.BOOT_FAILED, EndReason.BOOT_TIMEOUT, EndReason.ENGINE_DIED, EndReason.PREEMPTED, EndReason.GONE
)  # fmt: skip
# So many times its lines a deployment may keep while the rest are those of failures.
_ROOM_FOR_FAILURES = 2


@dataclass(frozen=True, slots=True)
class Limits:
    """What goes: lines older than `before` or up to `last_id`; of failures what is older than `failed_before`
    or up to `failed_last_id`. Ids are 0 where a deployment has no more lines than it may."""

    before: datetime
    last_id: int
    failed_before: datetime
    failed_last_id: int

    def lets_go(self, line_id: int, at: datetime, *, failed: bool) -> bool:
        """True where that line has had its time."""
        if failed:
            return at < self.failed_before or line_id <= self.failed_last_id
        return at < self.before or line_id <= self.last_id


def prune_lines(now: datetime, *, budget_s: float = 40.0, clock: Callable[[], float] = time.monotonic) -> int:
    """Delete what is past its limit, in transactions of a few lines each; the number of lines deleted.

    Ends after about `budget_s`: the next call goes on. Lines that a finding points at are never deleted.
    """
    until, gone = clock() + budget_s, 0
    for deployment in Deployment.objects.order_by("pk").only("pk"):
        gone += _prune(deployment, now, lambda: clock() < until)
    return gone


def _prune(deployment: Deployment, now: datetime, in_time: Callable[[], bool]) -> int:
    limits = _limits(deployment, now)
    last = max(limits.last_id, _newest_before(deployment, limits.before))
    failures = _Failures(deployment)
    after, gone = 0, 0
    while last and in_time() and (rows := _window(deployment, after, last)):
        after = rows[-1][0]
        gone += _delete(
            [
                line_id
                for line_id, at, run_id, release_id in rows
                if at < now - _FRESH and limits.lets_go(line_id, at, failed=failures.has(run_id, release_id))
            ]
        )
    return gone


def _limits(deployment: Deployment, now: datetime) -> Limits:
    most = settings.LOG_KEEP_LINES
    return Limits(
        before=now - timedelta(days=settings.LOG_KEEP_DAYS),
        last_id=_beyond(deployment, most),
        failed_before=now - timedelta(days=max(settings.LOG_KEEP_FAILED_DAYS, settings.LOG_KEEP_DAYS)),
        failed_last_id=_beyond(deployment, most * _ROOM_FOR_FAILURES),
    )


def _beyond(deployment: Deployment, most: int) -> int:
    """The id of the newest line that `most` newer ones follow; 0 where there are not so many."""
    ids = LogLine.objects.filter(deployment=deployment).order_by("-id").values_list("id", flat=True)
    return next(iter(ids[most : most + 1]), 0)


def _newest_before(deployment: Deployment, before: datetime) -> int:
    """About the id of the newest line of before then: lines that came late lie a little beyond it."""
    old = LogLine.objects.filter(deployment=deployment, at__lt=before).order_by("-at", "-id")
    return old.values_list("id", flat=True).first() or 0


def _window(
    deployment: Deployment, after: int, last: int
) -> Sequence[tuple[int, datetime, int | None, int | None]]:
    rows = LogLine.objects.filter(deployment=deployment, id__gt=after, id__lte=last).order_by("id")
    return list(rows.values_list("id", "at", "run_id", "release_id")[:_BATCH])


def _delete(line_ids: Iterable[int]) -> int:
    """Delete those at which no finding points. A finding made in this very moment loses its line and keeps
    its own copy of the evidence."""
    wanted = set(line_ids)
    if not wanted:
        return 0
    wanted -= set(Finding.objects.filter(line__in=wanted).values_list("line_id", flat=True))
    return LogLine.objects.filter(pk__in=wanted).only("pk").delete()[0]


class _Failures:
    """Which runs failed, and which releases could not be brought to the provider."""

    def __init__(self, deployment: Deployment) -> None:
        runs = Run.objects.filter(deployment=deployment, end_reason__in=_FAILED)
        deploys = Deploy.objects.filter(deployment=deployment, status=DeployStatus.FAILED)
        self._runs = set(runs.values_list("pk", flat=True))
        self._releases = set(deploys.values_list("release_id", flat=True))

    def has(self, run_id: int | None, release_id: int | None) -> bool:
        """A line of a failed run, or of the deploys of a release of which one failed."""
        return run_id in self._runs if run_id is not None else release_id in self._releases

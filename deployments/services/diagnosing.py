"""Reading stored lines with the log doctor, and keeping what it finds. Nothing here raises: whoever calls has
a server to put out."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from statistics import median
from typing import Any

import structlog
from django.db import transaction

from deployments import doctor
from deployments.models import (
    OF_DEPLOYS,
    OF_RUNS,
    Deployment,
    EndReason,
    Finding,
    LogLine,
    LogScan,
    PhaseName,
    Run,
)
from deployments.planning.spec import Spec

from . import redaction
from .facts import spec_of

log = structlog.get_logger(__name__)

_BATCH = 2000
# The lines of a build that can still say why a deploy failed, and the starts that usual times are taken from.
_BUILD_LINES, _STARTS = 400, 10
# Ends of a life that nobody ordered and that no breaker tells of.
_UNEXPLAINED = (EndReason.GONE, EndReason.PREEMPTED)
# Breaks that the deploy or the provider is asked about; all others are about a run.
_OUTSIDE = ("deploy_failed", "wake_failed", "no_capacity")


@contextmanager
def _harmless(what: str, deployment: Deployment) -> Iterator[None]:
    """A fault in a rule stops no observation and no breaker."""
    try:
        yield
    except Exception:
        log.exception("doctor.failed", what=what, deployment=deployment.slug)


@contextmanager
def _whole(what: str, deployment: Deployment) -> Iterator[None]:
    """The same within somebody's transaction: all or nothing is written."""
    with _harmless(what, deployment), transaction.atomic():
        yield


def read_new(run: Run, deployment: Deployment) -> None:
    """Read the run's lines that no earlier call has read. Call it under the account's claim, and in no
    transaction: thousands of lines may have to be read, and on SQLite nobody else could write meanwhile."""
    with _harmless("lines", deployment):
        _read_new(run, deployment)


def _read_new(run: Run, deployment: Deployment) -> None:
    state, _ = LogScan.objects.get_or_create(run=run)
    context = _context(run, deployment)
    while rows := list(_unread(run, state)):
        scan = doctor.scan((row.text for row in rows), context, stopping=state.stopping)
        state.line_id, state.stopping = rows[-1].pk, scan.stopping
        with transaction.atomic():
            _keep(deployment, run, scan.found, rows)
            LogScan.objects.filter(pk=state.pk).update(line_id=state.line_id, stopping=state.stopping)
        if len(rows) < _BATCH:
            break


def _unread(run: Run, state: LogScan) -> Iterable[LogLine]:
    unread = LogLine.objects.filter(run=run, source__in=OF_RUNS, id__gt=state.line_id)
    return unread.only("id", "at", "text").order_by("id")[:_BATCH]


def at_end(run: Run, deployment: Deployment, reason: str, at: datetime) -> None:
    """A run is over: read what is left of its log, and what its end alone says."""
    with _whole("end", deployment):
        _read_new(run, deployment)
        _keep_warm_up(run, deployment)
        if reason in _UNEXPLAINED:
            _keep_ending(run, deployment, reason, at)


def at_break(deployment: Deployment, reason: str, run: Run | None, text: str, now: datetime) -> None:
    """The breaker opens: read what is left, and what this break alone says. `text` is the provider's."""
    with _whole("break", deployment):
        if run is not None:
            _read_new(run, deployment)
            _keep_ending(run, deployment, reason, now)
        if reason in _OUTSIDE and (text or run is None):
            _keep_outside(deployment, reason, text, now)


def _keep_ending(run: Run, deployment: Deployment, reason: str, at: datetime) -> None:
    """A break that opened because the boot died is judged as the end that it is."""
    reason = EndReason.BOOT_FAILED if reason in ("boot_died", "boot_repeated") else reason
    lit_s = (at - (run.started_at or at)).total_seconds() * float(deployment.account.speed)
    label = PhaseName(run.phase).label
    ended = doctor.Ended(reason, run.phase, lit_s, ready=run.ready_at is not None, phase_label=label)
    said = doctor.endings(ended, _context(run, deployment))
    if not said:
        return
    last = LogLine.objects.filter(run=run).order_by("-id").first()
    for one in said:
        _write(deployment, one, run=run, line=last, at=at, evidence=last.text if last is not None else "")


def _keep_warm_up(run: Run, deployment: Deployment) -> None:
    """What went wrong between the panel and a server that was up is told in the warm-up's own words."""
    if run.warm_up_error:
        found = doctor.scan([run.warm_up_error], _context(run, deployment), place=doctor.Place.OUTSIDE).found
        at = run.warm_up_at or run.first_seen_at
        for one in found:
            _write(deployment, one, run=run, line=None, at=at, evidence=one.evidence)


def _keep_outside(deployment: Deployment, reason: str, text: str, now: datetime) -> None:
    """Of a deploy its build's newest lines, then the provider's own words, which are its last ones."""
    release = deployment.current_release if reason == "deploy_failed" else deployment.live_release
    built = LogLine.objects.filter(deployment=deployment, release=release, source__in=OF_DEPLOYS)
    rows = list(built.order_by("-id")[:_BUILD_LINES])[::-1] if reason == "deploy_failed" else []
    started = next((n for n, row in enumerate(rows) if row.at >= _deploy_began(deployment, now)), len(rows))
    rows = rows[started:]
    words = redaction.redact(text, redaction.known_secrets(deployment.account)).splitlines()
    context = doctor.Context(spec_of(deployment))
    place = doctor.Place.OUTSIDE
    found = list(doctor.scan([*(row.text for row in rows), *words], context, place=place).found)
    found += doctor.endings(doctor.Ended(reason), context)
    Finding.objects.filter(deployment=deployment, release=release, run=None).delete()  # of an earlier attempt
    for one in found:
        line = rows[one.index] if one.index is not None and one.index < len(rows) else None
        _write(deployment, one, release=release, line=line, at=now, evidence=one.evidence)


def _deploy_began(deployment: Deployment, now: datetime) -> datetime:
    newest = deployment.deploys.order_by("-id").first()
    return newest.created_at if newest is not None else now


def _keep(deployment: Deployment, run: Run, found: Iterable[doctor.Diagnosis], rows: list[LogLine]) -> None:
    for one in found:
        line = rows[one.index] if one.index is not None else None
        at = line.at if line is not None else run.first_seen_at
        _write(deployment, one, run=run, line=line, at=at, evidence=one.evidence)


def _write(deployment: Deployment, one: doctor.Diagnosis, **where: Any) -> None:
    """Once for each run and rule: the first line counts."""
    names = ("code", "level", "depth", "title", "cause", "remedy", "values")
    words = {name: getattr(one, name) for name in names}
    row = Finding(deployment=deployment, **words, **where)
    Finding.objects.bulk_create([row], ignore_conflicts=True)


def _context(run: Run, deployment: Deployment) -> doctor.Context:
    spec = Spec.from_json(run.release.spec) if run.release is not None else spec_of(deployment)
    return doctor.Context(spec, usual_weights_s=_UsualWeights(run, deployment).seconds)


class _UsualWeights:
    """How long weights took in earlier starts, asked only where a rule wants it."""

    def __init__(self, run: Run, deployment: Deployment) -> None:
        self._run, self._deployment = run, deployment

    def seconds(self) -> float | None:
        """Seconds of life: the median of the last starts that became ready; None where there is none."""
        return self._median_s

    @cached_property
    def _median_s(self) -> float | None:
        ready = self._deployment.runs.filter(ready_at__isnull=False, pk__lt=self._run.pk)
        found = [_weights_s(run) for run in ready.order_by("-id").prefetch_related("phases")[:_STARTS]]
        known = [seconds for seconds in found if seconds is not None]
        return median(known) * float(self._deployment.account.speed) if known else None


def _weights_s(run: Run) -> float | None:
    phases = list(run.phases.all())
    ends = [phase.started_at for phase in phases[1:]]
    for phase, end in zip(phases, ends, strict=False):
        if phase.name == PhaseName.WEIGHTS:
            return (end - phase.started_at).total_seconds()
    return None

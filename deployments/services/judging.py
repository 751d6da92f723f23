"""Comparing each start with those before it, once: what was slow is kept, and told while it is news."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from deployments.doctor.slow import causes_of
from deployments.engines.vllm_log import pieces
from deployments.models import OF_RUNS, Cause, Finding, LogLine, Run, SlowPhase
from deployments.planning.starts.regressions import Slow, slow_phases
from deployments.planning.starts.start import NEWEST

from . import notify, starts
from .sentences import duration
from .slow_words import words

log = structlog.get_logger(__name__)

# A line can come this much after its time (reading.OVERLAP): the phases of a start are whole by then.
JUDGE_AFTER = timedelta(seconds=45)
# A start from before this is compared too, but is no news to anybody.
NEWS = timedelta(hours=1)
# Of so many starts before it those of the same release are taken.
_BEFORE, _BATCH, _LINES = 5 * NEWEST, 50, 20


def judge_due(*, now: datetime | None = None) -> int:
    """Compare the starts that became ready a moment ago with those before them; gives how many were compared.

    Safe to repeat and to run in several processes. Starts from before there was this come in their order,
    fifty a call.
    """
    now = now or timezone.now()
    due = Run.objects.filter(judged_at__isnull=True, ready_at__lte=now - JUDGE_AFTER).exclude(
        cause=Cause.DOWNLOAD
    )
    rows = (
        due.select_related("release", "deployment__account").prefetch_related("phases").order_by("ready_at")
    )
    found = list(rows[:_BATCH])
    for run in found:
        try:
            _judge(run, now)
        except Exception:  # the loop's edge: one bad start must not stop the others
            log.exception("judging.failed", run=run.pk)
            Run.objects.filter(pk=run.pk, judged_at__isnull=True).update(judged_at=now)
    return len(found)


def _judge(run: Run, now: datetime) -> None:
    rows = [_row(run, slow) for slow in _slow(run)]
    with transaction.atomic():
        if not Run.objects.filter(pk=run.pk, judged_at__isnull=True).update(judged_at=now):
            return
        SlowPhase.objects.bulk_create(rows)
        if rows and run.ready_at is not None and run.ready_at > now - NEWS:
            _tell(run, rows)


def _slow(run: Run) -> Sequence[Slow]:
    start = starts.start_of(run)
    if start is None:
        return []
    before = starts.newest(run.deployment, limit=_BEFORE, before=run.pk)
    return slow_phases(start, before, speed=float(run.deployment.account.speed))


def _row(run: Run, slow: Slow) -> SlowPhase:
    why, evidence, line_id = _cause(run, slow.phase)
    return SlowPhase(
        run=run,
        phase=slow.phase,
        seconds=slow.seconds,
        usual_s=slow.usual_s,
        low_s=slow.low_s,
        high_s=slow.high_s,
        starts=slow.starts,
        of_release=slow.of_release,
        cause=why,
        evidence=evidence,
        line_id=line_id,
    )


def _cause(run: Run, phase: str) -> tuple[str, str, int | None]:
    """In words, with the line that says so; empty where none does. A query or two for each slow phase."""
    found = {row.code: row for row in Finding.objects.filter(run=run)}
    for cause in causes_of(phase):
        told = next((found[code] for code in cause.codes if code in found), None)
        if told is not None:
            return cause.words, told.evidence, told.line_id
        if cause.needle:
            lines = LogLine.objects.filter(run=run, source__in=OF_RUNS, at__lte=run.ready_at)
            for line in lines.filter(text__contains=cause.needle).order_by("id")[:_LINES]:
                if any(cause.pattern.match(piece.text) for piece in pieces(line.text)):
                    return cause.words, line.text[:1000], line.pk
    return "", "", None


def _tell(run: Run, rows: Sequence[SlowPhase]) -> None:
    deployment, first = run.deployment, rows[0]
    whole_s = (run.ready_at - run.first_seen_at).total_seconds() if run.ready_at else 0.0
    of = "its release" if first.of_release else "the deployment"
    more = [f"{words(row).capitalize()}." for row in rows[1:]]
    more.append(
        f"It was ready after {duration(whole_s)}. Usual is the median of {first.starts} starts of {of}."
    )
    if first.evidence:
        more.append(f"The log says: {first.evidence[:300]}")
    facts = {
        "run": run.number,
        "phases": [
            {"phase": row.phase, "seconds": round(row.seconds, 1), "usual_s": round(row.usual_s, 1)}
            for row in rows
        ],
    }
    notify.tell(
        "slow",
        f"{deployment.name} woke slowly: {words(first)}.",
        more="\n".join(more),
        deployment=deployment,
        facts=facts,
        once=f"slow:{run.pk}",
    )

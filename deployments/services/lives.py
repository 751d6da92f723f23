"""Runs as the ledger reads them: with their leases and their requests."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate

from django.contrib.auth import get_user_model
from django.db.models import Q

from deployments.ledger.attribution import Hold, Life, Payer, Use
from deployments.models import Cause, Download, Lease, Run

from . import uses
from .facts import warm_up_under_way
from .uses import Span


def lives(runs: Sequence[Run], now: datetime) -> dict[int, Life]:
    """The lives of those runs that have started, by id, up to their ends or `now`. Four queries."""
    started = [run for run in runs if run.started_at is not None]
    spans = {run.pk: _span(run, now) for run in started}
    leases = _leases(list(spans.values()))
    keys = uses.key_names(lease.key_id for lease in leases if lease.key_id is not None)
    served = _served(spans)
    asked = _downloaders(started)
    return {
        run.pk: Life(
            started_at=spans[run.pk].since,
            ready_at=run.ready_at,
            warmed_at=_warmed_at(run, spans[run.pk].until),
            ended_at=spans[run.pk].until,
            woke=_woke(run, leases, keys, asked),
            uses=served[run.pk],
            holds=_holds(leases, spans[run.pk], keys),
            busy_s=run.busy_s,
        )
        for run in started
    }


def _served(spans: Mapping[int, Span]) -> dict[int, list[Use]]:
    """The requests that meet each span, by the span's id."""
    found: dict[int, list[Use]] = {key: [] for key in spans}
    by_deployment: dict[int, list[tuple[int, Span]]] = defaultdict(list)
    for key, span in sorted(spans.items(), key=lambda item: item[1].since):
        by_deployment[span.deployment_id].append((key, span))
    starts = {pk: [span.since for _, span in rows] for pk, rows in by_deployment.items()}
    # How late any of the spans up to here ends: where that is before a request, no earlier span meets it.
    latest = {
        pk: list(accumulate((span.until for _, span in rows), max)) for pk, rows in by_deployment.items()
    }
    for pk, use in uses.uses(list(spans.values())):
        place = bisect_left(starts.get(pk, []), use.end) - 1
        while place >= 0 and latest[pk][place] > use.start:
            key, span = by_deployment[pk][place]
            if _meets(use.start, use.end, span):
                found[key].append(use)
            place -= 1
    return found


def boot_ended_at(run: Run, until: datetime) -> datetime | None:
    """When a run's boot was over, as `Life.boot_ended_at` tells it at `until`: its end, or now.

    One query where it was warmed up and has not ended yet, else none.
    """
    if run.boot_ended_at is not None:
        return run.boot_ended_at
    warmed_at = _warmed_at(run, until)
    if run.ready_at is None or warmed_at is None or warmed_at <= run.ready_at:
        return run.ready_at
    warming = Span(run.deployment_id, run.ready_at, warmed_at)
    served = [use for _, use in uses.uses([warming]) if _meets(use.start, use.end, warming)]
    return Life(run.ready_at, run.ready_at, warmed_at, Payer(), served, warmed_at=warmed_at).boot_ended_at


def _warmed_at(run: Run, until: datetime) -> datetime | None:
    """While it is being warmed up, that is not over yet."""
    return until if warm_up_under_way(run, until) else run.warmed_at


def _span(run: Run, now: datetime) -> Span:
    start = run.started_at or run.first_seen_at
    return Span(run.deployment_id, start, max(start, run.ended_at or now))


def _meets(start: datetime, end: datetime, span: Span) -> bool:
    return start < span.until and end > span.since


def _leases(spans: Sequence[Span]) -> list[Lease]:
    """Every lease that meets one of the spans, and those that woke their runs."""
    if not spans:
        return []
    first, last = min(span.since for span in spans), max(span.until for span in spans)
    still = Q(ended_at__isnull=True) | Q(ended_at__gte=first - timedelta(days=1))
    deployments = {span.deployment_id for span in spans}
    return list(Lease.objects.filter(still, deployment__in=deployments, created_at__lt=last).order_by("id"))


def _payer(lease: Lease, keys: Mapping[int, str]) -> Payer:
    """A name only where there is no person to ask for one; the key of a page or the playground is none."""
    key_id = lease.key_id if lease.key_id in keys else None
    return Payer(lease.holder_id or 0, key_id or 0, "" if lease.holder_id else lease.holder_name)


def _woke(run: Run, leases: Sequence[Lease], keys: Mapping[int, str], asked: dict[int, Payer]) -> Payer:
    if run.cause == Cause.DOWNLOAD:
        return asked.get(run.pk, Payer())
    found = next((lease for lease in leases if lease.pk == run.lease_id), None)
    return _payer(found, keys) if found is not None else Payer(name=run.lit_for)


def _holds(leases: Sequence[Lease], span: Span, keys: Mapping[int, str]) -> list[Hold]:
    own = (lease for lease in leases if lease.deployment_id == span.deployment_id)
    found = []
    for lease in own:
        ends = [at for at in (lease.until, lease.ended_at, span.until) if at is not None]
        if _meets(lease.created_at, min(ends), span):
            found.append(Hold(_payer(lease, keys), lease.created_at, min(ends), lease.until is not None))
    return found


def _downloaders(runs: Sequence[Run]) -> dict[int, Payer]:
    """Who asked for each weights download: the newest one before its container was seen."""
    wanted = [run for run in runs if run.cause == Cause.DOWNLOAD]
    if not wanted:
        return {}
    rows = list(Download.objects.filter(deployment__in={run.deployment_id for run in wanted}).order_by("id"))
    found = {}
    for run in wanted:
        before = [
            row
            for row in rows
            if row.deployment_id == run.deployment_id and row.created_at <= run.first_seen_at
        ]
        if before:
            found[run.pk] = Payer(name=before[-1].requested_by)
    return found


def people() -> list[tuple[int, str]]:
    """Everybody who can sign in, by name. One query."""
    rows = get_user_model().objects.filter(is_active=True).order_by("username")
    return [(user.pk, user.get_full_name() or user.get_username()) for user in rows]


def names(user_ids: set[int]) -> dict[int, str]:
    """What people are called, by id. One query."""
    rows = get_user_model().objects.filter(pk__in=user_ids)
    return {user.pk: user.get_full_name() or user.get_username() for user in rows}

"""Rolling samples and requests up by time. Every bucket is made anew from what it is made of, so that doing
it again changes nothing and a row that comes late is counted."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from django.db.models import Max
from django.utils import timezone

from deployments.metrics.bucket import Bucket, note_request, note_sample, together
from deployments.metrics.levels import KEPT, LEVELS, floor
from deployments.models import Deployment, MetricBucket, MetricRound, Sample

from . import measurements, metric_rows
from .claims import Claim, LostClaim
from .measurements import Arrival
from .metric_rows import Key, Life

log = structlog.get_logger(__name__)

FINE, MINUTE, HOUR, DAY = LEVELS
# A transaction that takes longer than this to be seen may leave its rows out of the buckets.
SETTLE = timedelta(seconds=20)
BATCH_ROWS = 5000
# How long one round may take: what is left is done by the next one.
PATIENCE_S = 4.0
PRUNE_EVERY = timedelta(hours=1)
# This many minutes of one deployment are made at once.
_SPAN_MINUTES = 30


def roll_up(*, now: datetime | None = None, patience_s: float = PATIENCE_S) -> bool:
    """Bring the buckets up to date; True where they are, False where work is left or another does it."""
    now = now or timezone.now()
    row, _ = MetricRound.objects.get_or_create(pk=1)
    claim = Claim(MetricRound, row.pk, "roll")
    if not claim.take():
        return False
    try:
        finished = _go_on(claim, now, patience_s)
        if finished:
            _prune(now)
        return finished
    except LostClaim:
        log.warning("metrics.lost_claim")
        return False
    finally:
        claim.release()


@dataclass(frozen=True, slots=True)
class _Source:
    newest_id: Callable[[], int]
    arrivals: Callable[[int, int], Sequence[Arrival]]


def _sources() -> dict[str, _Source]:
    usage = measurements.reader()
    return {
        "sample": _Source(_newest_sample, _new_samples),
        "usage": _Source(usage.newest_id, usage.arrivals),
    }


def _newest_sample() -> int:
    return Sample.objects.aggregate(newest=Max("pk"))["newest"] or 0


def _new_samples(after_id: int, limit: int) -> Sequence[Arrival]:
    rows = Sample.objects.filter(pk__gt=after_id).order_by("pk")
    return [Arrival(*row) for row in rows.values_list("pk", "run__deployment_id", "at")[:limit]]


def _go_on(claim: Claim, now: datetime, patience_s: float) -> bool:
    sources, begun = _sources(), time.monotonic()
    row = _settled(MetricRound.objects.get(), sources, now)
    places = {name: row.marks[name]["done"] for name in sources}
    while True:
        claim.renew()
        dirty: dict[int, set[int]] = defaultdict(set)
        full = False
        for name, source in sources.items():
            found = source.arrivals(places[name], BATCH_ROWS)
            places[name] = found[-1].id if found else places[name]
            full = full or len(found) == BATCH_ROWS
            for one in found:
                dirty[one.deployment_id].add(floor(one.at, MINUTE))
        make(dirty, row.pruned)
        claim.renew()  # whoever lost it says nothing of how far it came
        for name, mark in row.marks.items():
            mark["done"] = max(mark["done"], min(places[name], mark["settled"]))
        row.save(update_fields=["marks", "head_at"])
        if not full or time.monotonic() - begun > patience_s:
            return not full


def _settled(row: MetricRound, sources: Mapping[str, _Source], now: datetime) -> MetricRound:
    """The row with its marks moved on, where the newest ids were noted long enough ago."""
    for name in sources:
        row.marks.setdefault(name, {"done": 0, "settled": 0, "head": 0})
    if row.head_at is None or not row.head_at - SETTLE < now < row.head_at + SETTLE:
        for name, source in sources.items():
            mark = row.marks[name]
            mark["settled"], mark["head"] = mark["head"], source.newest_id()
        row.head_at = now
    return row


def make(dirty: Mapping[int, Iterable[int]], pruned: Mapping[str, int]) -> None:
    """Make the buckets of these minutes (their starts, by deployment) and what they are part of anew.

    What lies where buckets of the finer level were pruned already stays as it is: what is left of it would
    not make the whole.
    """
    known = set(Deployment.objects.filter(pk__in=list(dirty)).values_list("pk", flat=True))
    for deployment_id in known:
        minutes = {one for one in dirty[deployment_id] if one >= pruned.get(str(FINE), 0)}
        changed = [one for span in _spans(minutes) for one in _make_minutes(deployment_id, *span)]
        hours = _make_coarser(deployment_id, changed, HOUR, MINUTE, pruned)
        _make_coarser(deployment_id, hours, DAY, HOUR, pruned)


def _spans(minutes: Iterable[int]) -> list[tuple[int, int]]:
    """Minutes that touch each other, as spans from a second to before a second."""
    spans: list[tuple[int, int]] = []
    for start in sorted(minutes):
        if spans and spans[-1][1] == start and start - spans[-1][0] < _SPAN_MINUTES * MINUTE:
            spans[-1] = (spans[-1][0], start + MINUTE)
        else:
            spans.append((start, start + MINUTE))
    return spans


def _make_minutes(deployment_id: int, begin: int, end: int) -> set[int]:
    """Both fine levels of a span from what was measured; gives back the starts of minutes that changed."""
    fine = _measured(deployment_id, begin, end)
    metric_rows.store(deployment_id, FINE, begin, end, fine)
    return metric_rows.store(deployment_id, MINUTE, begin, end, _merged(fine, MINUTE))


def _measured(deployment_id: int, begin: int, end: int) -> dict[Key, Bucket]:
    since, until = datetime.fromtimestamp(begin, UTC), datetime.fromtimestamp(end, UTC)
    lives = metric_rows.lives_around(deployment_id, since, until)
    found: dict[Key, Bucket] = defaultdict(Bucket)
    for life, sample in metric_rows.samples(lives, since, until):
        note_sample(found[Key(floor(sample.at, FINE), life.run_key, life.release_key)], sample)
    for request in measurements.reader().requests(deployment_id, since, until):
        life = _life_of(request.at + timedelta(seconds=request.waited_s or 0.0), lives)
        note_request(found[Key(floor(request.at, FINE), life.run_key, life.release_key)], request)
    return found


def _life_of(asked_at: datetime, lives: Sequence[Life]) -> Life:
    """The newest life that was there when the engine was asked."""
    there = (
        one for one in reversed(lives) if one.since <= asked_at and (not one.until or asked_at < one.until)
    )
    return next(there, metric_rows.NOBODY)


def _make_coarser(
    deployment_id: int, changed: Iterable[int], level: int, finer: int, pruned: Mapping[str, int]
) -> set[int]:
    """The buckets of `level` that hold these starts, from those of the finer one; the starts that changed."""
    starts = {start // level * level for start in changed}
    kept = [start for start in sorted(starts) if start >= pruned.get(str(finer), 0)]
    found: set[int] = set()
    for start in kept:
        parts = metric_rows.load(deployment_id, finer, start, start + level)
        found |= metric_rows.store(deployment_id, level, start, start + level, _merged(parts, level))
    return found


def _merged(finer: Mapping[Key, Bucket], level: int) -> dict[Key, Bucket]:
    parts: dict[Key, list[Bucket]] = defaultdict(list)
    for key, bucket in finer.items():
        parts[Key(key.start // level * level, key.run_key, key.release_key)].append(bucket)
    return {key: together(buckets) for key, buckets in parts.items()}


def _prune(now: datetime) -> None:
    """Drop buckets that are past their level's time, an hour's worth at most each hour."""
    row = MetricRound.objects.get()
    if row.pruned_at is not None and row.pruned_at <= now < row.pruned_at + PRUNE_EVERY:
        return
    pruned: dict[str, Any] = {
        str(level): max(row.pruned.get(str(level), 0), floor(now - KEPT[level], DAY)) for level in LEVELS
    }
    # Said first: a late row must not make a bucket of what is half gone.
    MetricRound.objects.filter(pk=row.pk).update(pruned=pruned, pruned_at=now)
    for deployment_id in Deployment.objects.values_list("pk", flat=True):
        for level in LEVELS:
            rows = MetricBucket.objects.filter(deployment_id=deployment_id, level=level)
            rows.filter(start__lt=pruned[str(level)]).delete()

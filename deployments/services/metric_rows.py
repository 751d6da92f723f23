"""Buckets of metrics as rows, and the rows that they are made of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Q

from deployments.metrics.bucket import NUMBERS, Bucket, SampleFact, unpacked
from deployments.models import Cause, MetricBucket, Run, Sample

_SAMPLE_FIELDS = (
    "at", "running", "waiting", "prompt_tokens_per_s", "generation_tokens_per_s", "kv_cache_use",
    "prefix_hit_rate", "acceptance_length", "draft_acceptance", "preemptions",
)  # fmt: skip
_UPDATED = ("release_key", *NUMBERS, "histograms")
# A line can come after its container was seen to go, and a request be held before its server is there.
_AROUND = timedelta(hours=1)


class Key(NamedTuple):
    """Which bucket of a level: seconds since 1970, the id of its run and of that run's release (0: none)."""

    start: int
    run_key: int
    release_key: int


@dataclass(frozen=True, slots=True)
class Life:
    """When a run was there."""

    run_key: int
    release_key: int
    since: datetime
    until: datetime | None


NOBODY = Life(0, 0, datetime.min.replace(tzinfo=UTC), None)


def lives_around(deployment_id: int, since: datetime, until: datetime) -> list[Life]:
    """The runs that may have answered what came in a span, oldest first. One query."""
    rows = Run.objects.filter(deployment_id=deployment_id, first_seen_at__lt=until + _AROUND)
    rows = rows.filter(Q(ended_at__isnull=True) | Q(ended_at__gt=since - _AROUND))
    found = rows.exclude(cause=Cause.DOWNLOAD).order_by("first_seen_at", "pk")
    columns = found.values_list("pk", "release_id", "first_seen_at", "ended_at")
    return [Life(pk, release_id or 0, seen, ended) for pk, release_id, seen, ended in columns]


def samples(lives: Sequence[Life], since: datetime, until: datetime) -> Iterator[tuple[Life, SampleFact]]:
    """The samples of these runs in a span, with their runs. One query."""
    by_run = {life.run_key: life for life in lives}
    rows = Sample.objects.filter(run__in=list(by_run), at__gte=since, at__lt=until).order_by("at", "pk")
    for run_id, *fields in rows.values_list("run_id", *_SAMPLE_FIELDS):
        yield by_run[run_id], SampleFact(*fields)


def load(deployment_id: int, level: int, begin: int, end: int) -> dict[Key, Bucket]:
    """The stored buckets of a level from a second to before a second. One query."""
    rows = _rows(deployment_id, level, begin, end).values_list(*Key._fields, "histograms", *NUMBERS)
    return {
        Key(start, run_key, release_key): Bucket(
            {name: number for name, number in zip(NUMBERS, numbers, strict=True) if number},
            unpacked(histograms),
        )
        for start, run_key, release_key, histograms, *numbers in rows
    }


def store(deployment_id: int, level: int, begin: int, end: int, found: Mapping[Key, Bucket]) -> set[int]:
    """Make the rows of a span what was found; the starts of those that changed. Three queries at most."""
    rows = _rows(deployment_id, level, begin, end)
    have = {(row["start"], row["run_key"]): row for row in rows.values("pk", "start", "run_key", *_UPDATED)}
    new = {(key.start, key.run_key): _columns(key, bucket) for key, bucket in found.items()}
    changed = [
        MetricBucket(deployment_id=deployment_id, level=level, **columns)
        for place, columns in new.items()
        if place not in have or any(have[place][name] != columns[name] for name in _UPDATED)
    ]
    gone = [row for place, row in have.items() if place not in new]
    if gone:
        MetricBucket.objects.filter(pk__in=[row["pk"] for row in gone]).delete()
    if changed:
        MetricBucket.objects.bulk_create(
            changed,
            update_conflicts=True,
            update_fields=list(_UPDATED),
            unique_fields=["deployment", "level", "start", "run_key"],
            batch_size=30,  # SQLite takes 999 values at a time in old builds
        )
    return {row.start for row in changed} | {row["start"] for row in gone}


def _rows(deployment_id: int, level: int, begin: int, end: int) -> Any:
    rows = MetricBucket.objects.filter(deployment_id=deployment_id, level=level)
    return rows.filter(start__gte=begin, start__lt=end).order_by("start", "run_key")


def _columns(key: Key, bucket: Bucket) -> dict[str, Any]:
    return {**key._asdict(), **bucket.rounded(), "histograms": bucket.packed()}

"""How releases did: starts, cold start, speed and dollars, side by side."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from django.db.models import Avg, Count, F, Q, QuerySet, Sum

from deployments.ledger.charges import usd
from deployments.models import Cause, Charge, EndReason, Release, Run, Sample

# The cold start is the median of a release's newest starts: what it is now, at a bounded price.
_NEWEST_BOOTS = 500
_FAILED = (EndReason.BOOT_FAILED, EndReason.BOOT_TIMEOUT, EndReason.ENGINE_DIED)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one release. `boot_s` is the median from first seen to ready, `tokens_per_s` the mean of the
    generation speed that the engine told while it answered somebody, `usd` what its settled runs cost.
    None where nothing was seen."""

    runs: int = 0
    failed: int = 0
    boot_s: float | None = None
    tokens_per_s: float | None = None
    usd: Decimal = Decimal(0)


def figures_of(releases: Sequence[Release]) -> dict[int, Figures]:
    """By primary key, one entry for each of `releases`. Four queries, however many they are."""
    keys = [release.pk for release in releases]
    runs = Run.objects.filter(release__in=keys).exclude(cause=Cause.DOWNLOAD).order_by()
    failed = Count("pk", filter=Q(end_reason__in=_FAILED))
    rows = runs.values_list("release").annotate(n=Count("pk"), failed=failed)
    counts = {release: (n, died) for release, n, died in rows}
    boots, speeds, dollars = _boots(runs), dict(_speeds(keys)), dict(_dollars(keys))
    return {
        key: Figures(*counts.get(key, (0, 0)), boots.get(key), speeds.get(key), usd(dollars.get(key) or 0))
        for key in keys
    }


def _boots(runs: QuerySet[Run]) -> dict[int, float]:
    rows = runs.filter(ready_at__isnull=False).order_by("-pk")[:_NEWEST_BOOTS]
    found: dict[int, list[float]] = {}
    for release, seen, ready in rows.values_list("release", "first_seen_at", "ready_at"):
        if release is not None and ready is not None:
            found.setdefault(release, []).append((ready - seen).total_seconds())
    return {release: median(times) for release, times in found.items()}


def _speeds(keys: Sequence[int]) -> Iterable[tuple[int, float]]:
    busy = Sample.objects.filter(run__release__in=keys, running__gt=0, generation_tokens_per_s__gt=0)
    return busy.order_by().values_list("run__release").annotate(speed=Avg("generation_tokens_per_s"))


def _dollars(keys: Sequence[int]) -> Iterable[tuple[int, int]]:
    """In whole micro-dollars, so that the sum is exact in every database."""
    charges = Charge.objects.filter(run__release__in=keys).exclude(run__cause=Cause.DOWNLOAD).order_by()
    parts = F("boot_micro_usd") + F("use_micro_usd") + F("idle_micro_usd")
    return charges.values_list("run__release").annotate(micro_usd=Sum(parts))

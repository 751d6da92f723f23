"""Counts requests as they are written: by status class, and by the time to the first token."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .models import RequestCount, UsageRecord

# Seconds. A held request counts from when the engine was asked, so a cold start is not in here.
BOUNDS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
BEYOND = "+Inf"


@dataclass(slots=True)
class _Added:
    statuses: Counter[str] = field(default_factory=Counter)
    ttft: Counter[str] = field(default_factory=Counter)
    ttft_sum_s: float = 0.0


def bound(seconds: float) -> str:
    """The upper bound of the bucket that `seconds` falls into, as Prometheus writes it."""
    return next((str(one) for one in BOUNDS_S if seconds <= one), BEYOND)


def new_of(rows: Sequence[UsageRecord]) -> list[UsageRecord]:
    """Those that are not written yet: a batch that is repeated counts nothing twice. One query."""
    ids = [row.request_id for row in rows]
    known = set(UsageRecord.objects.filter(request_id__in=ids).values_list("request_id", flat=True))
    return [row for row in rows if row.request_id not in known]


def count(rows: Iterable[UsageRecord]) -> None:
    """Add rows to the counts of their deployments. Call it in the transaction that writes them."""
    found: dict[str, _Added] = defaultdict(_Added)
    for row in rows:
        added = found[row.deployment_slug]
        added.statuses[f"{row.status // 100}xx"] += 1
        if row.first_byte_s is not None:
            added.ttft[bound(row.first_byte_s)] += 1
            added.ttft_sum_s += row.first_byte_s
    for slug in sorted(found):  # in one order, so that two processes never wait for each other
        if slug:
            _add(slug, found[slug])


def _add(slug: str, added: _Added) -> None:
    RequestCount.objects.bulk_create([RequestCount(deployment_slug=slug)], ignore_conflicts=True)
    row = RequestCount.objects.select_for_update().get(deployment_slug=slug)
    row.statuses = dict(Counter(row.statuses) + added.statuses)
    row.ttft = dict(Counter(row.ttft) + added.ttft)
    row.ttft_sum_s += added.ttft_sum_s
    row.save(update_fields=["statuses", "ttft", "ttft_sum_s"])


def counts() -> list[RequestCount]:
    """Of every deployment that was ever asked."""
    return list(RequestCount.objects.order_by("deployment_slug"))

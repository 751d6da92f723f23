"""What stands beside the dollars of a window: cold starts, failures, and what else it would have cost."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Q, Sum

from deployments.ledger.comparisons import always_on_usd, dedicated_usd
from deployments.ledger.prices import PriceMissing
from deployments.ledger.window import Window
from deployments.models import Cause, Deployment, EndReason, Run

from . import costs, prices
from .facts import spec_of
from .spend import Filter

_FAILED = (EndReason.BOOT_FAILED, EndReason.BOOT_TIMEOUT, EndReason.ENGINE_DIED)


@dataclass(frozen=True, slots=True)
class Counts:
    """Starts of the window that became ready, those that failed, and what the failed ones burned."""

    starts: int
    failures: int
    burned_usd: Decimal


def counts(window: Window, only: Filter) -> Counts:
    """Runs whose container started in the window. One query."""
    rows = Run.objects.filter(started_at__gte=window.since, started_at__lt=window.until)
    rows = rows.exclude(cause=Cause.DOWNLOAD)
    if only.deployment_ids is not None:
        rows = rows.filter(deployment__in=only.deployment_ids)
    failed = Q(end_reason__in=_FAILED)
    found = rows.aggregate(
        starts=Count("id", filter=Q(ready_at__isnull=False)),
        failures=Count("id", filter=failed),
        burned=Sum("cost_usd", filter=failed),
    )
    return Counts(found["starts"], found["failures"], Decimal(found["burned"] or 0))


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the deployments of a window would have cost otherwise, each from its making on, until now.

    Deployments without a price are left out. `dedicated_usd` is that of the deployments in `dedicated_ids`:
    those that there is a dedicated node to compare with. `price_notes` say which prices are old or missing.
    """

    count: int
    always_on_usd: Decimal
    dedicated_usd: Decimal
    dedicated_ids: frozenset[int]
    price_notes: tuple[str, ...] = ()


def compare(deployments: Iterable[Deployment], window: Window, now: datetime) -> Comparison:
    """One query for the prices."""
    books, count, always_on = costs.Books(), 0, Decimal(0)
    nodes: dict[int, Decimal] = {}
    notes: set[str] = set()
    for row in deployments:
        start, end = max(window.since, row.created_at), min(window.until, now)
        held = costs.resources(spec_of(row), row.account)
        notes.add(prices.state_of(books, row.account, held, now).note)
        try:
            always_on += always_on_usd(held, books.of(row.account), start, end)
        except PriceMissing:
            continue
        count += 1
        if (node := dedicated_usd(held, start, end)) is not None:
            nodes[row.pk] = node
    return Comparison(
        count, always_on, sum(nodes.values(), Decimal(0)), frozenset(nodes), tuple(sorted(notes - {""}))
    )

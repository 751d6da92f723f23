"""From a run's stored phases to spans of time, and what each of them cost."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from deployments.ledger.costs import interval_cost
from deployments.ledger.prices import PriceBook, PriceMissing, Resources
from deployments.models import Phase, PhaseName, Run


@dataclass(frozen=True, slots=True)
class Span:
    """A phase from `since` to `until`."""

    name: str
    since: datetime
    until: datetime

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.until - self.since).total_seconds()


def spans(run: Run, until: datetime) -> Iterator[Span]:
    """The phases before ready in their order; the last one goes on to ready, or to `until`."""
    stored: list[Phase] = sorted(run.phases.all(), key=lambda phase: (phase.started_at, phase.pk))
    rows = [phase for phase in stored if phase.name != PhaseName.READY]
    ends = [phase.started_at for phase in stored[1:]] + [run.ready_at or until]
    for phase, end in zip(rows, ends, strict=False):
        yield Span(phase.name, phase.started_at, max(end, phase.started_at))


def span_usd(run: Run, held: Resources, prices: PriceBook, start: datetime, end: datetime) -> Decimal | None:
    """Billed from the container's start on: what lies before is None, as is what has no price."""
    if run.started_at is None or end <= run.started_at:
        return None
    try:
        return interval_cost(held, prices, max(start, run.started_at), end).total_usd
    except PriceMissing:
        return None

"""What orphans cost: seconds of their containers, at the account's prices, as far as it is known."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Q, QuerySet

from deployments.ledger.costs import interval_cost
from deployments.ledger.prices import PriceMissing, Resources
from deployments.ledger.window import Window
from deployments.models import Orphan, OrphanContainer, OrphanKind

from . import costs
from .facts import spec_of

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Priced:
    """USD so far and an hour, and what is not in them, in words (empty: nothing is missing)."""

    usd: Decimal = ZERO
    usd_per_hour: Decimal = ZERO
    lit: int = 0
    unknown: str = ""


def price(
    row: Orphan, containers: Iterable[OrphanContainer], books: costs.Books, now: datetime,
    window: Window | None = None,
) -> Priced:  # fmt: skip
    """What an orphan costs, in a window or in all."""
    usd, hourly, lit, missing = ZERO, ZERO, 0, list[str]()
    book = books.of(row.account)
    for one in containers:
        held, unknown = _held(row, one)
        missing += [unknown] if unknown else []
        lit += one.ended_at is None
        if one.started_at is None:
            continue
        start, end = _within(one.started_at, one.ended_at or now, window)
        try:
            usd += interval_cost(held, book, start, end).total_usd
            hourly += book.usd_per_hour(held, now) if one.ended_at is None else ZERO
        except PriceMissing as error:
            missing.append(f"no price of {error.resource} is known")
    return Priced(usd, hourly, lit, "; ".join(dict.fromkeys(missing)))


def _within(start: datetime, end: datetime, window: Window | None) -> tuple[datetime, datetime]:
    if window is not None:
        start, end = max(start, window.since), min(end, window.until)
    return start, max(start, end)


def _held(row: Orphan, one: OrphanContainer) -> tuple[Resources, str]:
    """What the container holds: as its deployment's settings say where they are known, else its GPUs alone
    with the least CPU and memory that a container is billed for."""
    if row.deployment is not None and one.gpu_count:
        spec = spec_of(row.deployment)
        if (spec.gpu_type, spec.gpu_count) == (one.gpu_type, one.gpu_count):
            return costs.resources(spec, row.account), ""
    known = Resources(one.gpu_type or "none", one.gpu_count or 0, costs.DEFAULT_CPU, costs.DEFAULT_MEMORY_GIB)
    if one.gpu_count is None:
        return known, "the provider does not say which GPUs it holds"
    return known, "CPU and memory beyond the least are not known"


def with_what_prices_them(rows: QuerySet[Orphan]) -> QuerySet[Orphan]:
    """The rows with all that pricing and telling them reads; where there are none, nothing more is asked."""
    releases = ("deployment__current_release", "deployment__live_release")
    return rows.prefetch_related("account", "containers", *releases)


def lit_now() -> QuerySet[Orphan]:
    """What a Pilotlight deployed, nothing explains, and has a container now."""
    lit = OrphanContainer.objects.filter(ended_at=None).values("orphan")
    rows = Orphan.objects.filter(gone_at=None, pk__in=lit).exclude(kind=OrphanKind.OUTSIDER)
    return with_what_prices_them(rows)


def spent_usd(window: Window, books: costs.Books, now: datetime, deployment_id: int | None = None) -> Decimal:
    """What orphans of Pilotlight spent in a window, for budgets: all, or those of one deployment. What others
    run in the same environment is theirs to pay."""
    rows = Orphan.objects.exclude(kind=OrphanKind.OUTSIDER)
    rows = rows.filter(Q(gone_at=None) | Q(last_seen_at__gte=window.since), first_seen_at__lt=window.until)
    if deployment_id is not None:
        rows = rows.filter(deployment=deployment_id)
    found = with_what_prices_them(rows)
    return sum((price(row, row.containers.all(), books, now, window).usd for row in found), ZERO)

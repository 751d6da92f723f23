"""What a start would cost, before it is pressed."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from deployments.ledger import comparisons
from deployments.ledger.costs import interval_cost
from deployments.ledger.prices import PriceBook, PriceMissing, Resources
from deployments.models import Deployment
from deployments.planning.spec import Spec
from deployments.providers.base import scaled

from . import costs
from .budgets import BudgetView
from .errors import Refused
from .expected import BootTime, boot_time
from .facts import spec_of
from .loading import loaded
from .views import Quote, QuotePart


def quote(
    deployment: Deployment, *, until: datetime | None, now: datetime | None = None, spec: Spec | None = None
) -> Quote:
    """The price of a start now until `until` (None: until idle), in parts, as wall seconds x prices.

    Until idle it counts the boot and one idle window: what a start costs at the least. Raises Refused where
    a price is missing: what cannot be priced is not lit. `spec` prices another configuration than what would
    be started.
    """
    try:
        return _quote(deployment, until, now or timezone.now(), spec)
    except PriceMissing as error:
        raise Refused("price_missing", str(error), status=409) from error


def _quote(deployment: Deployment, until: datetime | None, now: datetime, spec: Spec | None) -> Quote:
    if not hasattr(deployment, "boots"):
        deployment = loaded(deployment.pk, now)
    spec, prices = spec or spec_of(deployment), costs.book(deployment.account)
    held, boot = costs.resources(spec, deployment.account), boot_time(deployment, spec)
    gpu_only = replace(held, cpu_cores=Decimal(0), memory_gib=Decimal(0))
    ready_at = now + timedelta(seconds=boot.p50_s)
    end = _end(deployment, spec, until, ready_at)
    lit = interval_cost(gpu_only, prices, ready_at, max(ready_at, end)).total_usd
    boot_usd = interval_cost(gpu_only, prices, now, ready_at).total_usd
    besides = interval_cost(held, prices, now, max(ready_at, end)).total_usd - boot_usd - lit
    parts = (
        QuotePart("boot", "Until ready", _boot_note(boot), boot.p50_s, boot_usd, estimate=True),
        _lit_part(until, (max(ready_at, end) - ready_at).total_seconds(), lit),
        QuotePart(
            "besides",
            "CPU and memory",
            "billed on top by what is used; assumed here",
            None,
            besides,
            estimate=True,
        ),
    )
    download_s = scaled(spec.expected_download_s, deployment.account.speed).total_seconds()
    slow = interval_cost(gpu_only, prices, now, now + timedelta(seconds=boot.p90_s)).total_usd
    return Quote(
        slug=deployment.slug,
        until=until,
        price_usd_per_hour=prices.usd_per_hour(held, now),
        ready_p50_s=boot.p50_s,
        ready_p90_s=boot.p90_s,
        basis=_basis(boot),
        parts=parts,
        until_ready_usd=boot_usd,
        total_usd=sum((part.usd for part in parts if part.usd is not None), Decimal(0)),
        weights_present=deployment.weights_present,
        download_usd=_download_usd(prices, now, download_s),
        download_s=download_s,
        is_sandbox=deployment.account.is_sandbox,
        history_runs=boot.runs,
        until_ready_p90_usd=slow,
        **_otherwise(held, prices.whole_usd_per_hour(held, now)),
    )


def _otherwise(held: Resources, usd_per_hour: Decimal) -> dict[str, Any]:
    """The months that a start is measured against, CPU and memory in them; keys are columns of Quote."""
    node = comparisons.dedicated_usd_per_hour(held.gpu_type, held.gpu_count)
    even = None if node is None else comparisons.break_even_hours_a_day(usd_per_hour, node)
    return {
        "always_on_month_usd": comparisons.month_usd(usd_per_hour),
        "dedicated_month_usd": None if node is None else comparisons.month_usd(node),
        "break_even_hours_per_day": None if even is None else round(even, 2),
    }


@dataclass(frozen=True, slots=True)
class Left:
    """A budget that a start would spend from: what is left now, and would be after it (below 0: refused)."""

    view: BudgetView
    after_usd: Decimal


def left(found: Iterable[BudgetView], price: Quote) -> list[Left]:
    """What each budget would have left after a start; the tightest first."""
    told = [Left(view, view.standing.left_usd - price.total_usd) for view in found]
    return sorted(told, key=lambda one: one.after_usd)


def _end(deployment: Deployment, spec: Spec, until: datetime | None, ready_at: datetime) -> datetime:
    return until if until is not None else ready_at + scaled(spec.idle_window_s, deployment.account.speed)


def _basis(boot: BootTime) -> str:
    if not boot.runs:
        return "from the recipe; no history yet"
    whose = "of this release" if boot.of_release else "of all its releases"
    return f"median and p90 of {boot.runs} starts {whose}"


def _boot_note(boot: BootTime) -> str:
    return f"median of {boot.runs} starts" if boot.runs else "the recipe's time; no history yet"


def _lit_part(until: datetime | None, seconds: float, usd: Decimal) -> QuotePart:
    if until is None:
        return QuotePart(
            "idle", "Idle tail", "it goes out one idle window after the last use", seconds, usd, True
        )
    return QuotePart(
        "lit", "Ready until the chosen end", "lit whether it is used or not", seconds, usd, False
    )


def _download_usd(prices: PriceBook, now: datetime, seconds: float) -> Decimal:
    held = Resources("none", 0, costs.DOWNLOAD_CPU, costs.DOWNLOAD_MEMORY_GIB)
    return interval_cost(held, prices, now, now + timedelta(seconds=seconds)).total_usd

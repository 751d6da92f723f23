"""What runs cost, from price rows."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from deployments.ledger.costs import RunCost, run_cost
from deployments.ledger.prices import PriceBook, PriceMissing, Resources, UnitPrice
from deployments.models import Cause, Deployment, Price, Run
from deployments.planning.spec import Spec

from .facts import spec_of

# The provider's own defaults where a function asks for nothing (Modal's documentation): 1/8 core, 128 MiB.
DEFAULT_CPU, DEFAULT_MEMORY_GIB = Decimal("0.125"), Decimal("0.125")
DOWNLOAD_CPU, DOWNLOAD_MEMORY_GIB = Decimal(4), Decimal(16)


def book(provider: str = "modal") -> PriceBook:
    """All prices of a provider, as rows are now."""
    rows = Price.objects.filter(provider=provider)
    return PriceBook.of([UnitPrice(p.resource, p.usd_per_s, p.effective_from) for p in rows])


def resources(spec: Spec) -> Resources:
    """What a serving container is priced with: its requests, else what it is expected to use."""
    return Resources(
        gpu_type=spec.gpu_type,
        gpu_count=spec.gpu_count,
        cpu_cores=Decimal(str(spec.cpu_cores or spec.expected_cpu_cores)),
        memory_gib=Decimal(str(spec.memory_gib or spec.expected_memory_gib)),
    )


def resources_of(run: Run, deployment: Deployment) -> Resources:
    """What this run's container holds; a weights download holds no GPU."""
    if run.cause == Cause.DOWNLOAD:
        return Resources("none", 0, DOWNLOAD_CPU, DOWNLOAD_MEMORY_GIB)
    spec = Spec.from_json(run.release.spec) if run.release is not None else spec_of(deployment)
    return resources(spec)


def cost_of(run: Run, deployment: Deployment, until: datetime, prices: PriceBook) -> RunCost:
    """The cost of a run up to `until`. Raises PriceMissing."""
    return run_cost(
        resources_of(run, deployment),
        prices,
        started_at=run.started_at,
        ready_at=run.ready_at,
        ended_at=until,
        busy_s=run.busy_s,
    )


def frozen(run: Run, deployment: Deployment, at: datetime) -> dict[str, Any]:
    """The columns of an ended run's cost; all None where a price is missing, so that it shows as unknown."""
    try:
        cost = cost_of(run, deployment, at, book(deployment.account.provider))
    except PriceMissing:
        return {}
    return columns(cost)


def columns(cost: RunCost) -> dict[str, Decimal]:
    """A cost as the columns of `Run`."""
    return {
        "boot_usd": cost.boot_usd,
        "use_usd": cost.use_usd,
        "idle_usd": cost.idle_usd,
        "gpu_usd": cost.resources.gpu_usd,
        "cpu_usd": cost.resources.cpu_usd,
        "memory_usd": cost.resources.memory_usd,
        "cost_usd": cost.total_usd,
    }

"""What runs cost, from price rows."""

from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal

from django.db.models import QuerySet

from deployments.ledger.costs import RunCost, run_cost
from deployments.ledger.prices import PriceBook, Resources, UnitPrice
from deployments.models import Account, Cause, Deployment, Price, Run
from deployments.planning.spec import Spec

from .facts import spec_of
from .lives import boot_ended_at

# The provider's own defaults where a function asks for nothing (Modal's documentation): 1/8 core, 128 MiB.
DEFAULT_CPU, DEFAULT_MEMORY_GIB = Decimal("0.125"), Decimal("0.125")
DOWNLOAD_CPU, DOWNLOAD_MEMORY_GIB = Decimal(4), Decimal(16)

RunRows = QuerySet[Run]
_NEVER = datetime.max.replace(tzinfo=UTC)


class Books:
    """Every price there is, read once, as a book for each account."""

    def __init__(self) -> None:
        self._rows = list(Price.objects.all())
        self._known: dict[int, PriceBook] = {}

    def of(self, account: Account) -> PriceBook:
        """The prices that hold for an account."""
        if account.pk not in self._known:
            rows = self.rows(account)
            self._known[account.pk] = PriceBook.of(
                [UnitPrice(row.resource, row.usd_per_s, row.effective_from) for row in rows]
            )
        return self._known[account.pk]

    def rows(self, account: Account) -> list[Price]:
        """The rows that hold for an account: its own rates from their days on, public ones before."""
        own = [row for row in self._rows if row.account_id == account.pk]
        first = {row.resource: row.effective_from for row in own}  # the newest come first
        public = [row for row in self._rows if row.account_id is None and row.provider == account.provider]
        before = (row for row in public if row.effective_from < first.get(row.resource, _NEVER))
        return own + list(before)

    def in_effect(self, account: Account, now: datetime) -> dict[str, Price]:
        """The row of each resource that holds at `now`."""
        rows = sorted(self.rows(account), key=lambda row: row.effective_from)
        return {row.resource: row for row in rows if row.effective_from <= now}


def book(account: Account) -> PriceBook:
    """All prices that hold for an account, as rows are now. One query."""
    return Books().of(account)


def resources(spec: Spec, account: Account) -> Resources:
    """What a serving container is priced with: its requests, else what it is expected to use."""
    return Resources(
        gpu_type=spec.gpu_type,
        gpu_count=spec.gpu_count,
        cpu_cores=Decimal(str(spec.cpu_cores or spec.expected_cpu_cores)),
        memory_gib=Decimal(str(spec.memory_gib or spec.expected_memory_gib)),
        price_factor=account.region_factor if spec.region else Decimal(1),
    )


def resources_of(run: Run, deployment: Deployment) -> Resources:
    """What this run's container holds; a weights download holds no GPU."""
    if run.cause == Cause.DOWNLOAD:
        return Resources("none", 0, DOWNLOAD_CPU, DOWNLOAD_MEMORY_GIB)
    spec = Spec.from_json(run.release.spec) if run.release is not None else spec_of(deployment)
    return resources(spec, deployment.account)


def cost_of(
    run: Run, deployment: Deployment, until: datetime, prices: PriceBook, booted: datetime | None = None
) -> RunCost:
    """The cost of a run up to `until`; `booted` is when its boot was over, where that is known already.
    Raises PriceMissing."""
    return run_cost(
        resources_of(run, deployment),
        prices,
        started_at=run.started_at,
        ready_at=booted or boot_ended_at(run, until),
        ended_at=until,
        busy_s=run.busy_s,
    )


def columns(cost: RunCost) -> dict[str, Decimal]:
    """A cost as the columns of `Run`, to eight places; the parts and the resources still sum to the whole."""
    total, boot, use = (_stored(usd) for usd in (cost.total_usd, cost.boot_usd, cost.use_usd))
    gpu, cpu = _stored(cost.resources.gpu_usd), _stored(cost.resources.cpu_usd)
    return {
        "boot_usd": boot,
        "use_usd": use,
        "idle_usd": max(total - boot - use, Decimal(0)),
        "gpu_usd": gpu,
        "cpu_usd": cpu,
        "memory_usd": max(total - gpu - cpu, Decimal(0)),
        "cost_usd": total,
    }


def _stored(usd: Decimal) -> Decimal:
    return usd.quantize(Decimal("1e-8"), rounding=ROUND_DOWN)

"""The cost of a container's life, by resource and by part."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from itertools import pairwise

from .prices import PriceBook, Resources

MICROSECOND = timedelta(microseconds=1)
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class ByResource:
    """USD by resource."""

    gpu_usd: Decimal = ZERO
    cpu_usd: Decimal = ZERO
    memory_usd: Decimal = ZERO

    @property
    def total_usd(self) -> Decimal:
        """The sum of the resources."""
        return self.gpu_usd + self.cpu_usd + self.memory_usd

    def __add__(self, other: "ByResource") -> "ByResource":
        return ByResource(
            self.gpu_usd + other.gpu_usd, self.cpu_usd + other.cpu_usd, self.memory_usd + other.memory_usd
        )


@dataclass(frozen=True, slots=True)
class RunCost:
    """USD of one run by part (boot, use, idle) and by resource. The parts sum to `total_usd` exactly."""

    boot_usd: Decimal
    use_usd: Decimal
    idle_usd: Decimal
    resources: ByResource

    @property
    def total_usd(self) -> Decimal:
        """The whole."""
        return self.resources.total_usd


def seconds(start: datetime, end: datetime) -> Decimal:
    """Seconds from start to end, exact to the microsecond, never negative (a clock can step back)."""
    return max(ZERO, Decimal((end - start) // MICROSECOND).scaleb(-6))


def interval_cost(resources: Resources, book: PriceBook, start: datetime, end: datetime) -> ByResource:
    """The cost of holding `resources` from start to end: seconds x units x price, cut where a price changes.

    Billed by the second from container start to end (documented by Modal). Raises PriceMissing.
    """
    sums = dict.fromkeys(("gpu", "cpu", "memory"), ZERO)
    for name, amount in resources.amounts().items():
        edges = [start, *book.changes(name, start, end), end]
        for left, right in pairwise(edges):
            rate = amount * book.at(name, left) * resources.price_factor
            sums[name.partition(":")[0]] += seconds(left, right) * rate
    return ByResource(gpu_usd=sums["gpu"], cpu_usd=sums["cpu"], memory_usd=sums["memory"])


def run_cost(
    resources: Resources,
    book: PriceBook,
    *,
    started_at: datetime | None,
    ready_at: datetime | None,
    ended_at: datetime,
    busy_s: float,
) -> RunCost:
    """The cost of a run until `ended_at`. A run that never started costs nothing.

    boot = start to ready; what is lit after that is use in the share of its busy seconds, and idle in the
    rest. `busy_s` beyond the lit time counts as the lit time. Raises PriceMissing.
    """
    if started_at is None:
        return RunCost(ZERO, ZERO, ZERO, ByResource())
    lit_from = min(max(ready_at, started_at), ended_at) if ready_at is not None else ended_at
    boot = interval_cost(resources, book, started_at, lit_from)
    lit = interval_cost(resources, book, lit_from, ended_at)
    lit_s = seconds(lit_from, ended_at)
    share = min(Decimal(1), Decimal(str(max(0.0, busy_s))) / lit_s) if lit_s else ZERO
    use = (lit.total_usd * share).quantize(Decimal("1e-8"), ROUND_DOWN)  # up would leave a negative rest
    return RunCost(boot.total_usd, use, lit.total_usd - use, boot + lit)

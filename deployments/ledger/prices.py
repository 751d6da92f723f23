"""What a second of a server costs, with prices that change on known dates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

HOUR_S = Decimal(3600)


class PriceMissing(LookupError):
    """No price is known for a resource at a time. `resource` names it."""

    def __init__(self, resource: str, at: datetime) -> None:
        super().__init__(f"No price of {resource} is known for {at:%Y-%m-%d}: add a row under Prices.")
        self.resource = resource


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """USD per second of one unit of `resource` from `effective_from` on."""

    resource: str
    usd_per_s: Decimal
    effective_from: datetime


@dataclass(frozen=True, slots=True)
class Resources:
    """What a container holds: GPUs of one type, physical CPU cores, GiB of memory.

    `price_factor` multiplies every price of it: what a provider takes for pinning a region.
    """

    gpu_type: str
    gpu_count: int
    cpu_cores: Decimal
    memory_gib: Decimal
    price_factor: Decimal = Decimal(1)

    def amounts(self) -> dict[str, Decimal]:
        """Units by resource name; what it holds none of is left out."""
        units = {
            f"gpu:{self.gpu_type}": Decimal(self.gpu_count),
            "cpu": self.cpu_cores,
            "memory": self.memory_gib,
        }
        return {name: amount for name, amount in units.items() if amount > 0}


@dataclass(frozen=True, slots=True)
class PriceBook:
    """All prices of a provider, by date."""

    prices: tuple[UnitPrice, ...]

    @classmethod
    def of(cls, prices: Sequence[UnitPrice]) -> "PriceBook":
        """A book of these prices in the order of their dates."""
        return cls(tuple(sorted(prices, key=lambda price: price.effective_from)))

    def at(self, resource: str, when: datetime) -> Decimal:
        """USD per second of one unit at `when`. Raises PriceMissing."""
        known = [p for p in self.prices if p.resource == resource and p.effective_from <= when]
        if not known:
            raise PriceMissing(resource, when)
        return known[-1].usd_per_s

    def changes(self, resource: str, start: datetime, end: datetime) -> list[datetime]:
        """The instants inside (start, end) at which the price of `resource` changes."""
        return [
            p.effective_from for p in self.prices if p.resource == resource and start < p.effective_from < end
        ]

    def usd_per_hour(self, resources: Resources, when: datetime) -> Decimal:
        """The GPU's price of an hour, which is what people compare; CPU and memory are billed on top.

        8 H200: 8 x 0.001261 x 3600 = 36.3168. Without GPUs: CPU and memory. Raises PriceMissing.
        """
        amounts = resources.amounts()
        gpus = {name: amount for name, amount in amounts.items() if name.startswith("gpu:")}
        rates = (amount * self.at(name, when) for name, amount in (gpus or amounts).items())
        return sum(rates, Decimal(0)) * HOUR_S * resources.price_factor

    def whole_usd_per_hour(self, resources: Resources, when: datetime) -> Decimal:
        """An hour of GPUs, CPU and memory together. Raises PriceMissing."""
        rates = (amount * self.at(name, when) for name, amount in resources.amounts().items())
        return sum(rates, Decimal(0)) * HOUR_S * resources.price_factor

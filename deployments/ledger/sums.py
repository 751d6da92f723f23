"""Sums of charges in whole micro-dollars."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from decimal import Decimal
from operator import add, attrgetter, neg, sub

from .charges import Charge, usd


@dataclass(frozen=True, slots=True)
class Sums:
    """Micro-dollars by part and by resource, both of which sum to the whole; requests and tokens beside.

    `kept` lies in `idle`.
    """

    boot: int = 0
    use: int = 0
    idle: int = 0
    kept: int = 0
    gpu: int = 0
    cpu: int = 0
    memory: int = 0
    requests: int = 0
    made_tokens: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(*map(add, _amounts(self), _amounts(other)))

    def __neg__(self) -> "Sums":
        return Sums(*map(neg, _amounts(self)))

    def __sub__(self, other: "Sums") -> "Sums":
        return Sums(*map(sub, _amounts(self), _amounts(other)))

    @property
    def total(self) -> int:
        """The whole in micro-dollars."""
        return self.boot + self.use + self.idle

    @property
    def usd(self) -> dict[str, Decimal]:
        """Dollars by part and resource, and `cost`, the whole."""
        names = ("boot", "use", "idle", "kept", "gpu", "cpu", "memory")
        return {name: usd(getattr(self, name)) for name in names} | {"cost": usd(self.total)}


# All amounts at once, in the order of the columns: pages add up thousands of these.
COLUMNS = tuple(column.name for column in fields(Sums))
_amounts: Callable[[Sums], tuple[int, ...]] = attrgetter(*COLUMNS)


def of_charge(charge: Charge) -> Sums:
    """One charge as sums."""
    return Sums(
        charge.boot, charge.use, charge.idle, charge.kept, **charge.resources, requests=charge.requests,
        made_tokens=charge.made_tokens,
    )  # fmt: skip

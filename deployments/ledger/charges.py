"""A run's dollars in whole micro-dollars, by quarter hour, payer, part and resource; all sums are exact."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from .apportion import apportion
from .attribution import Cell, Life, Part, Payer, attribute
from .prices import PriceBook, Resources
from .slots import slot_at

MICRO = Decimal("0.000001")
RESOURCES = ("gpu", "cpu", "memory")
# Weights are exact to this many places of a micro-dollar: a rate has ten, an amount a few.
_WEIGHT_PLACES = 16


@dataclass(slots=True)
class Charge:
    """Micro-dollars of one payer in one quarter hour.

    Boot, use and idle sum to the resources; `kept` lies in `idle`. Requests and the tokens they made count
    where they began.
    """

    slot: int
    payer: Payer
    boot: int = 0
    use: int = 0
    idle: int = 0
    kept: int = 0
    resources: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RESOURCES, 0))
    requests: int = 0
    made_tokens: int = 0

    @property
    def total(self) -> int:
        """The whole."""
        return self.boot + self.use + self.idle


def usd(micro_usd: int) -> Decimal:
    """Micro-dollars as dollars, exact."""
    return Decimal(micro_usd).scaleb(-6)


def charges(life: Life, held: Resources, book: PriceBook) -> list[Charge]:
    """What a life cost so far, in the order of time. Raises PriceMissing.

    The whole is rounded once, to the nearest micro-dollar, and shared out by largest remainder: first among
    part and resource, then among quarter hours and payers. So a part that is a whole number of micro-dollars
    stays that number, and everything sums to the whole.
    """
    cuts = sorted(
        {
            at
            for name in held.amounts()
            for at in book.changes(name, life.started_at, max(life.started_at, life.ended_at))
        }
    )
    starts = [life.started_at, *cuts]
    rates = [_rates(held, book, at) for at in starts]
    cells = attribute(life, cuts)
    groups: dict[tuple[Part, str], dict[tuple[int, Payer], int]] = defaultdict(lambda: defaultdict(int))
    for cell, length_us in sorted(cells.items()):
        for resource, rate in rates[cell.epoch].items():
            groups[cell.part, resource][cell.slot, cell.payer] += _weight(rate, length_us)
    return _counted(_shared_out(groups, _whole(cells, rates)), life)


def _rates(held: Resources, book: PriceBook, at: datetime) -> dict[str, Decimal]:
    """USD per second of each resource at an instant."""
    return {
        name.partition(":")[0]: amount * book.at(name, at) * held.price_factor
        for name, amount in held.amounts().items()
    }


def _weight(rate: Decimal, length_us: int) -> int:
    """USD per second times microseconds is micro-dollars."""
    return int((rate * length_us).scaleb(_WEIGHT_PLACES))


def _whole(cells: dict[Cell, int], rates: list[dict[str, Decimal]]) -> int:
    by_epoch: dict[int, int] = defaultdict(int)
    for cell, length_us in cells.items():
        by_epoch[cell.epoch] += length_us
    exact = sum((sum(rates[e].values(), Decimal(0)) * us for e, us in by_epoch.items()), Decimal(0))
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def _counted(found: dict[tuple[int, Payer], Charge], life: Life) -> list[Charge]:
    """With the requests that were answered in the lit time."""
    for use in life.uses:
        begun = max(use.start, life.started_at)
        if life.ready_at is None or begun >= life.ended_at or use.end <= begun:
            continue
        place = (slot_at(begun), use.payer)
        charge = found.setdefault(place, Charge(*place))
        charge.requests += 1
        charge.made_tokens += use.made_tokens
    told = (charge for charge in found.values() if charge.total or charge.requests)
    return sorted(told, key=lambda charge: (charge.slot, charge.payer))


def _shared_out(
    groups: dict[tuple[Part, str], dict[tuple[int, Payer], int]], whole: int
) -> dict[tuple[int, Payer], Charge]:
    keys = sorted(groups)
    sums = apportion(whole, [sum(groups[key].values()) for key in keys]) if keys else []
    found: dict[tuple[int, Payer], Charge] = {}
    for (part, resource), amount in zip(keys, sums, strict=True):
        places = groups[part, resource]
        for place, share in zip(places, apportion(amount, list(places.values())), strict=True):
            charge = found.setdefault(place, Charge(*place))
            _add(charge, part, resource, share)
    return found


def _add(charge: Charge, part: Part, resource: str, micro_usd: int) -> None:
    charge.resources[resource] += micro_usd
    if part is Part.BOOT:
        charge.boot += micro_usd
    elif part is Part.USE:
        charge.use += micro_usd
    else:
        charge.idle += micro_usd
        charge.kept += micro_usd if part is Part.KEPT else 0


def total(rows: Iterable[Charge]) -> int:
    """Micro-dollars of all of them."""
    return sum(row.total for row in rows)

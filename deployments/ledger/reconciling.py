"""The provider's bill beside the panel's count: shares of a billed hour, and why the two differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from .apportion import apportion
from .charges import usd
from .slots import microseconds

# Below this share of what was billed a difference is rounding and seconds of starts and ends.
NOTABLE = Decimal("0.03")
LEAST_USD = Decimal("0.05")
# What pinning a region multiplies prices by (documented by the provider).
REGION_FACTORS = (Decimal("1.4"), Decimal("1.8"))

_UNCOUNTED = "GPUs are billed that were not counted."
_NO_GPU = "No GPU is billed: the report lags, or a credit covers it."
_MIXED = "a server and a download share an hour, which the report does not tell apart"


def kind_of(name: str) -> str:
    """`gpu`, `cpu`, `memory` or `other` for a resource as the provider's report names it."""
    plain = name.lower()
    if plain.startswith("gpu"):
        return "gpu"
    return plain if plain in ("cpu", "memory") else "other"


@dataclass(frozen=True, slots=True)
class Pair:
    """The same hours twice: dollars by `gpu`, `cpu`, `memory` and `other`.

    `queued_usd` is what the time before containers started would cost at the counted prices, `complete` is
    False where the report does not reach the end yet, `known` where a deployment of the panel is billed, and
    `price_changed` is True where a price changed within the hours.
    """

    counted: Mapping[str, Decimal]
    billed: Mapping[str, Decimal]
    queued_usd: Decimal = Decimal(0)
    complete: bool = True
    known: bool = True
    price_changed: bool = False

    @property
    def counted_usd(self) -> Decimal:
        """The panel's whole."""
        return sum(self.counted.values(), Decimal(0))

    @property
    def billed_usd(self) -> Decimal:
        """The provider's whole."""
        return sum(self.billed.values(), Decimal(0))

    @property
    def difference_usd(self) -> Decimal:
        """Billed less counted: above 0 the provider bills more."""
        return self.billed_usd - self.counted_usd

    @property
    def notable(self) -> bool:
        """True where it is more than rounding."""
        return _apart(self.counted_usd, self.billed_usd)

    def ratio(self, kind: str) -> Decimal | None:
        """Billed over counted of one kind; None where one of them is nothing."""
        counted, billed = self.counted.get(kind, Decimal(0)), self.billed.get(kind, Decimal(0))
        return billed / counted if counted and billed else None


def _apart(counted: Decimal, billed: Decimal) -> bool:
    gap = abs(billed - counted)
    return gap > LEAST_USD and gap > NOTABLE * max(billed, counted)


def causes(pair: Pair) -> list[str]:
    """Why the two differ, likeliest first, in words; empty where they agree.

    Rules in this order: nothing counted, nothing billed, queued time, region, another GPU price, CPU and
    memory, resources that the panel does not count, a report that is not complete.
    """
    if not pair.notable:
        return []
    if not pair.known:
        return ["No deployment of the panel explains this app: somebody runs it at the provider directly."]
    if not pair.counted_usd:
        return ["The panel counted nothing here: a container ran that it never saw."]
    if not pair.billed_usd:
        late = "The report has nothing of it yet; it can lag."
        return [late if not pair.complete else "Nothing is billed: the report lags, or a credit covers it."]
    found = [*_of_gpus(pair), *_of_the_rest(pair)]
    if not pair.complete:
        found.append("The report does not reach to the end of these hours yet.")
    return found or ["The parts agree and the sum does not: compare the hours with the provider’s own page."]


def _of_gpus(pair: Pair) -> list[str]:
    counted, billed = (side.get("gpu", Decimal(0)) for side in (pair.counted, pair.billed))
    ratio = pair.ratio("gpu")
    if not _apart(counted, billed):
        return []
    if ratio is None:
        return [_UNCOUNTED if billed else _NO_GPU]
    more = billed - counted
    if pair.queued_usd and abs(more - pair.queued_usd) <= max(LEAST_USD, pair.queued_usd / 5):
        return ["Queued time seems to be billed: the difference is what the wait for a machine costs."]
    if pair.price_changed:
        return ["A price changed within these hours; the provider may date the change differently."]
    low, high = REGION_FACTORS
    if low <= ratio <= high:
        return [f"GPUs are billed {ratio:.2f} times: a pinned region that the panel does not price."]
    if low <= 1 / ratio <= high:
        return [f"GPUs are billed at 1/{1 / ratio:.2f}: the panel prices a pinned region that is not billed."]
    side, share = "above" if ratio > 1 else "below", round(abs(ratio - 1) * 100)
    return [f"GPUs are billed {share} % {side} the count: another price, or other seconds."]


def _of_the_rest(pair: Pair) -> list[str]:
    found = []
    names = [
        name
        for name in ("cpu", "memory")
        if _apart(pair.counted.get(name, Decimal(0)), pair.billed.get(name, Decimal(0)))
    ]
    if names:
        said = " and ".join({"cpu": "CPU", "memory": "memory"}[name] for name in names)
        found.append(f"{said[:1].upper()}{said[1:]} used differ from what the deployment’s settings expect.")
    if other := pair.billed.get("other"):
        found.append(f"${other:.2f} is for what the panel does not count, such as storage.")
    return found


@dataclass(frozen=True, slots=True)
class Stay:
    """A container within a deployment's hours; `has_gpus` tells a server from a download."""

    run_id: int
    start: datetime
    end: datetime
    has_gpus: bool = True


@dataclass(frozen=True, slots=True)
class BilledShare:
    """A run's part of the bill, or None with the reason."""

    micro_usd: int | None
    why: str = ""

    @property
    def usd(self) -> Decimal | None:
        """The same in dollars."""
        return None if self.micro_usd is None else usd(self.micro_usd)


def share_of(
    run_id: int, stays: Sequence[Stay], hours: Mapping[tuple[datetime, datetime], int | None]
) -> BilledShare:
    """A run's part of billed hours (begin and end: micro-dollars, None where the report lacks it yet).

    The report knows apps and hours, not containers: an hour is shared by the seconds that each container
    lived in it. That is honest among equals alone, so an hour with a server and a download gives None.
    """
    whole = 0
    for (begin, end), micro_usd in sorted(hours.items()):
        inside = [(stay, _overlap(stay, begin, end)) for stay in stays]
        present = [(stay, length) for stay, length in inside if length]
        if not any(stay.run_id == run_id for stay, _ in present):
            continue
        if micro_usd is None:
            return BilledShare(None, "the report does not have all of its hours yet")
        if len({stay.has_gpus for stay, _ in present}) > 1:
            return BilledShare(None, _MIXED)
        shares = apportion(micro_usd, [length for _, length in present])
        whole += sum(share for (stay, _), share in zip(present, shares, strict=True) if stay.run_id == run_id)
    return BilledShare(whole)


def _overlap(stay: Stay, begin: datetime, end: datetime) -> int:
    """Microseconds of a stay that lie between two instants."""
    return max(0, microseconds(min(stay.end, end)) - microseconds(max(stay.start, begin)))


@dataclass(frozen=True, slots=True)
class GpuDay:
    """GPU dollars of one day, counted and billed."""

    counted_usd: Decimal
    billed_usd: Decimal


# A finding needs this many days, each with at least a dollar of GPUs, that all lie to the same side.
FINDING_DAYS, FINDING_LEAST_USD = 3, Decimal(1)


def consistent_ratio(days: Sequence[GpuDay]) -> Decimal | None:
    """Billed over counted where the last days all differ by more than 3 % to the same side, else None."""
    solid = [day for day in days if day.counted_usd >= FINDING_LEAST_USD][-FINDING_DAYS:]
    if len(solid) < FINDING_DAYS:
        return None
    ratios = [day.billed_usd / day.counted_usd for day in solid]
    above, below = all(one > 1 + NOTABLE for one in ratios), all(one < 1 - NOTABLE for one in ratios)
    if not above and not below:
        return None
    billed = sum((day.billed_usd for day in solid), Decimal(0))
    return billed / sum((day.counted_usd for day in solid), Decimal(0))

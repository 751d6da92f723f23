"""What the same time would have cost otherwise."""

from datetime import datetime
from decimal import Decimal

from .costs import interval_cost
from .prices import PriceBook, Resources

# A dedicated node with 8 H200, as one provider lists it: 8 x 4.39 USD an hour, mid 2026. Billed whether it is
# used or not; it has no cold start, and its CPU and memory are in the price.
DEDICATED_USD_PER_HOUR = {("H200", 8): Decimal("35.12")}
DEDICATED_SOURCE = "a dedicated node with 8 × H200 at $35.12 an hour (RunPod’s list, mid 2026)"
_HOUR_S = Decimal(3600)


def always_on_usd(held: Resources, book: PriceBook, start: datetime, end: datetime) -> Decimal:
    """What it would have cost to be lit all the time. Raises PriceMissing."""
    return interval_cost(held, book, start, max(start, end)).total_usd


def dedicated_usd(held: Resources, start: datetime, end: datetime) -> Decimal | None:
    """What a dedicated node would have cost all the time; None where no such node is listed."""
    rate = DEDICATED_USD_PER_HOUR.get((held.gpu_type, held.gpu_count))
    if rate is None:
        return None
    return rate * Decimal(str(max(0.0, (end - start).total_seconds()))) / _HOUR_S


def break_even_hours_a_day(usd_per_hour: Decimal, dedicated_usd_per_hour: Decimal) -> Decimal:
    """How many hours a day it may be lit before a dedicated node is cheaper; 24 where it never is."""
    if usd_per_hour <= 0:
        return Decimal(24)
    return min(Decimal(24), Decimal(24) * dedicated_usd_per_hour / usd_per_hour)

"""What the same time would have cost otherwise. Pure; money in USD, time in hours or seconds as named."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from .costs import interval_cost
from .prices import PriceBook, Resources

# A dedicated node with 8 H200, as one provider lists it: 8 x 4.39 USD an hour, mid 2026. Billed whether it is
# used or not; it has no cold start, and its CPU and memory are in the price.
DEDICATED_USD_PER_HOUR = {("H200", 8): Decimal("35.12")}
DEDICATED_SOURCE = "a dedicated node with 8 × H200 at $35.12 an hour (RunPod’s list, mid 2026)"
# The mean month of a year of 365 days.
HOURS_A_MONTH = Decimal(730)
WEEKS_A_MONTH = HOURS_A_MONTH / 168
_HOUR_S = Decimal(3600)
_DAY_HOURS = Decimal(24)


def always_on_usd(held: Resources, book: PriceBook, start: datetime, end: datetime) -> Decimal:
    """What it would have cost to be lit all the time. Raises PriceMissing."""
    return interval_cost(held, book, start, max(start, end)).total_usd


def dedicated_usd_per_hour(gpu_type: str, gpu_count: int) -> Decimal | None:
    """The listed price of a dedicated node with these GPUs; None where none is listed."""
    return DEDICATED_USD_PER_HOUR.get((gpu_type, gpu_count))


def dedicated_usd(held: Resources, start: datetime, end: datetime) -> Decimal | None:
    """What a dedicated node would have cost all the time; None where no such node is listed."""
    rate = dedicated_usd_per_hour(held.gpu_type, held.gpu_count)
    if rate is None:
        return None
    return rate * Decimal(str(max(0.0, (end - start).total_seconds()))) / _HOUR_S


def month_usd(usd_per_hour: Decimal) -> Decimal:
    """A month of it without a pause: 730 hours."""
    return usd_per_hour * HOURS_A_MONTH


def break_even_hours_a_day(usd_per_hour: Decimal, dedicated_usd_per_hour: Decimal) -> Decimal:
    """How many hours a day it may be lit before a dedicated node is cheaper; 24 where it never is.

    Lit hours are billed hours: boots and idle tails are in them. Every day of the week counts.
    """
    if usd_per_hour <= 0:
        return _DAY_HOURS
    return min(_DAY_HOURS, _DAY_HOURS * dedicated_usd_per_hour / usd_per_hour)


@dataclass(frozen=True, slots=True)
class Habit:
    """How a team uses a server. Each session has one boot before and one idle tail after its use.

    `use_hours` are hours of use a day, `days` a week (0 to 7), `sessions` a day; `boot_s` and `idle_s` are
    seconds.
    """

    use_hours: Decimal
    days: Decimal
    sessions: Decimal
    boot_s: Decimal
    idle_s: Decimal

    @property
    def overhead_hours(self) -> Decimal:
        """Hours of boots and idle tails on a day of use."""
        return self.sessions * (self.boot_s + self.idle_s) / _HOUR_S

    @property
    def billed_hours(self) -> Decimal:
        """Hours that are billed on a day of use: never more than 24, since tails run into what follows."""
        return min(_DAY_HOURS, self.use_hours + self.overhead_hours)

    @property
    def month_hours(self) -> Decimal:
        """Hours that are billed in a mean month."""
        return self.billed_hours * self.days * WEEKS_A_MONTH

    def month_usd(self, usd_per_hour: Decimal) -> Decimal:
        """What that costs at a price per billed hour."""
        return self.month_hours * usd_per_hour

    def break_even_use_hours(self, usd_per_hour: Decimal, dedicated_usd_per_hour: Decimal) -> Decimal | None:
        """From how many hours of use on such a day a dedicated node, which is paid for every day, is cheaper.

        None where it never is; 0 where boots and idle tails alone cost more than the node.
        """
        if usd_per_hour <= 0 or self.days <= 0:
            return None
        week_usd, by_use_usd = dedicated_usd_per_hour * 7 * _DAY_HOURS, usd_per_hour * self.days
        if week_usd > by_use_usd * _DAY_HOURS:  # asked before dividing, by next to nothing perhaps
            return None
        return max(Decimal(0), week_usd / by_use_usd - self.overhead_hours)

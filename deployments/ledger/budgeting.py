"""Budgets: which days they run over, and where they stand."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from .comparisons import WEEKS_A_MONTH
from .window import Window

# Shares of a budget, in per cent, at which it is said aloud.
THRESHOLDS = (50, 80, 100)
# A pace says something once a tenth of the period has passed and a tenth of the budget is spent: before that
# one morning's work looks like a month of it.
LEAST_SHARE, LEAST_PERCENT = Decimal("0.1"), 10

_SECOND = timedelta(seconds=1)


class Every(StrEnum):
    """How often a budget begins anew."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


def period_of(every: Every, zone: ZoneInfo, now: datetime) -> Window:
    """The day, the week from Monday, or the month of a zone that holds `now`."""
    today = now.astimezone(zone).date()
    return Window.of_days(*_days(every, today), zone)


def suggested_usd(usd_per_hour: Decimal, *, hours: int) -> Decimal:
    """A first budget of a month: `hours` lit on each weekday, rounded up to two figures, at least 1 USD.

    2 h a day of 8 H200 with CPU and memory at 37.46 USD are 43.5 h a month and 1,628 USD: 1,700.
    """
    exact = max(Decimal(1), usd_per_hour * hours * 5 * WEEKS_A_MONTH)
    step = Decimal(10) ** (exact.adjusted() - 1)
    return (exact / step).to_integral_value(ROUND_CEILING) * step


def _days(every: Every, today: date) -> tuple[date, date]:
    if every is Every.DAY:
        return today, today
    if every is Every.WEEK:
        monday = today - timedelta(days=today.weekday())
        return monday, monday + timedelta(days=6)
    first = today.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a budget stands. `reserved_usd` is what open leases will still cost until their ends."""

    amount_usd: Decimal
    spent_usd: Decimal
    reserved_usd: Decimal = Decimal(0)

    @property
    def left_usd(self) -> Decimal:
        """What nobody spent or reserved, never below 0."""
        return max(Decimal(0), self.amount_usd - self.spent_usd - self.reserved_usd)

    @property
    def percent(self) -> int:
        """The spent share in whole per cent, cut off; 100 only where all is spent."""
        return int(self.spent_usd * 100 / self.amount_usd) if self.amount_usd else 100

    @property
    def exhausted(self) -> bool:
        """True where the limit is reached."""
        return self.spent_usd >= self.amount_usd

    @property
    def fits(self) -> bool:
        """True where what is spent and reserved does not go beyond it."""
        return self.spent_usd + self.reserved_usd <= self.amount_usd

    @property
    def threshold(self) -> int:
        """The largest of THRESHOLDS that is reached; 0 where none is."""
        return max((one for one in THRESHOLDS if self.percent >= one), default=0)


def overrun(standing: Standing, window: Window, now: datetime) -> datetime | None:
    """When a budget is spent at the pace of its period so far; None where it lasts, is spent already, or
    where a tenth of the period or of the budget is not used yet (the pace would be guessing).

    The pace is that of the forecast of the costs page: what was spent, over the time that has passed.
    """
    passed, whole = now - window.since, window.until - window.since
    share = Decimal(passed // _SECOND) / Decimal(whole // _SECOND)
    if standing.exhausted or share < LEAST_SHARE or standing.percent < LEAST_PERCENT:
        return None
    when = window.since + timedelta(
        seconds=float(Decimal(passed // _SECOND) * standing.amount_usd / standing.spent_usd)
    )
    return when if when < window.until else None


def day_words(at: datetime, zone: ZoneInfo) -> str:
    """A day as people say it, in a zone: "Thursday 27 Nov"; with the hour, since a budget may be of a day."""
    local = at.astimezone(zone)
    return f"{local:%A} {local.day} {local:%b} at about {local:%H}:00"

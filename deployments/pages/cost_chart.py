"""Dollars a day as stacked bars, and together as a line. Pure geometry; the template draws it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from deployments.ledger.charges import usd
from deployments.ledger.sums import Sums
from deployments.ledger.window import bucket, date_of
from deployments.services.spend import Place

from .words import money

_STEP, _BAR, _INSET = 18, 12, 3
_GAP = 0.6  # between two parts of a bar, so that they are told apart without colour
_MOST_SERIES, _MOST_TICKS = 5, 8
_EPOCH = date_of(0)


@dataclass(frozen=True, slots=True)
class Series:
    """One colour of the bars: micro-dollars by bucket."""

    label: str
    css: str
    amounts: dict[int, int]
    hatch: bool = False

    @property
    def usd(self) -> Decimal:
        """The whole of it."""
        return usd(sum(self.amounts.values()))


@dataclass(frozen=True, slots=True)
class Rect:
    """A part of a bar, in the chart's units."""

    css: str
    y: str
    height: str
    hatch: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """One day or week."""

    x: int
    title: str
    rects: tuple[Rect, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A label under the bars, in per cent; `minor` ones are left out on a phone."""

    x: str
    text: str
    minor: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """All that the template draws.

    `line` are the points of the sum so far in the same units, `line_top` is the dollars at its upper edge,
    `limit_y` the height of the budget and `ahead` the points from now to the forecast: empty where there is
    none.
    """

    width: int
    bar_width: int
    bars: tuple[Bar, ...]
    series: tuple[Series, ...]
    ticks: tuple[Tick, ...]
    top: Decimal
    line: str
    line_top: Decimal
    limit_y: str
    ahead: str
    said: str

    @property
    def middle(self) -> Decimal:
        """Half of the scale."""
        return self.top / 2

    @property
    def line_middle(self) -> Decimal:
        """Half of the line's scale."""
        return self.line_top / 2


def by_part(sums: dict[Place, Sums]) -> tuple[Series, ...]:
    """Use, boot and idle."""
    parts = (
        ("Use", "c-use", "use", False),
        ("Boot", "c-boot", "boot", False),
        ("Idle", "c-idle", "idle", True),
    )
    return tuple(
        Series(label, css, {place.day: getattr(one, name) for place, one in sums.items()}, hatch)
        for label, css, name, hatch in parts
    )


def by_label(sums: dict[Place, Sums], label: Callable[[Place], str]) -> tuple[Series, ...]:
    """The four that cost most, and all others together."""
    found: dict[str, dict[int, int]] = {}
    for place, one in sums.items():
        days = found.setdefault(label(place), {})
        days[place.day] = days.get(place.day, 0) + one.total
    ranked = sorted(found.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    if len(ranked) > _MOST_SERIES:
        ranked, rest = ranked[: _MOST_SERIES - 1], ranked[_MOST_SERIES - 1 :]
        others: dict[int, int] = {}
        for _, days in rest:
            for day, amount in days.items():
                others[day] = others.get(day, 0) + amount
        ranked.append((f"{len(rest)} others", others))
    return tuple(Series(name, f"c-{place}", days) for place, (name, days) in enumerate(ranked, 1))


def chart(
    series: Sequence[Series],
    first: date,
    last: date,
    today: date,
    *,
    weeks: bool,
    limit: Decimal | None = None,
    forecast: Decimal | None = None,
) -> Chart:
    """The bars from first to last; the line ends at today.

    `limit` is the budget of the same days and `forecast` what they will have cost, in USD.
    """
    buckets = _buckets(first, last, weeks)
    totals = [sum(one.amounts.get(number, 0) for one in series) for number in buckets]
    top = nice(usd(max(totals, default=0)))
    bars = tuple(
        Bar(place * _STEP + _INSET, _title(number, series, weeks), _rects(number, series, top))
        for place, number in enumerate(buckets)
    )
    so_far = [total for number, total in zip(buckets, totals, strict=True) if date_of(number) <= today]
    line_top = nice(max(usd(sum(totals)), limit or Decimal(0), forecast or Decimal(0)))
    unit = "week" if weeks else "day"
    line = _line(so_far, line_top)
    end = (len(buckets) - 1) * _STEP + _INSET + _BAR
    ahead = f"{line.rsplit(' ', 1)[-1]} {end},{_height(forecast, line_top)}" if forecast else ""
    return Chart(
        width=len(buckets) * _STEP, bar_width=_BAR, bars=bars, series=tuple(series), top=top,
        ticks=_ticks(buckets), line=line, line_top=line_top, ahead=ahead,
        limit_y=_height(limit, line_top) if limit else "",
        said=f"Dollars a {unit}, {money(usd(sum(totals)))} in all; the table below has the same numbers",
    )  # fmt: skip


def _buckets(first: date, last: date, weeks: bool) -> list[int]:
    days = ((first + timedelta(days=number)) - _EPOCH for number in range((last - first).days + 1))
    return sorted({bucket(day.days, weeks=weeks) for day in days})


def nice(most: Decimal) -> Decimal:
    """A round figure at or above the largest bar."""
    size = Decimal("0.01")
    while True:
        for factor in ("1", "2", "2.5", "5") if size >= 1 else ("1", "2", "5"):
            if size * Decimal(factor) >= most:
                return size * Decimal(factor)
        size *= 10


def _title(number: int, series: Iterable[Series], weeks: bool) -> str:
    amounts = [(one.label, one.amounts.get(number, 0)) for one in series]
    day = date_of(number)
    told = ", ".join(f"{label} {money(usd(amount))}" for label, amount in amounts if amount)
    total = money(usd(sum(amount for _, amount in amounts)))
    return f"{'Week of ' if weeks else ''}{day.day} {day:%B}: {total}" + (f" ({told})" if told else "")


def _rects(number: int, series: Iterable[Series], top: Decimal) -> tuple[Rect, ...]:
    found, above = [], 100.0
    for one in series:
        height = float(usd(one.amounts.get(number, 0)) / top) * 100
        above -= height
        if height > 0:
            shown = height - _GAP if height > 1 else height
            found.append(Rect(one.css, f"{above:.2f}", f"{shown:.2f}", one.hatch))
    return tuple(found)


def _ticks(buckets: Sequence[int]) -> tuple[Tick, ...]:
    step = max(1, -(-len(buckets) // _MOST_TICKS))
    found = []
    for place in range(0, len(buckets), step):
        day = date_of(buckets[place])
        x = (place * _STEP + _INSET + _BAR / 2) / (len(buckets) * _STEP) * 100
        found.append(Tick(f"{x:.2f}", f"{day.day} {day:%b}", minor=place // step % 2 == 1))
    return tuple(found)


def _height(amount: Decimal, top: Decimal) -> str:
    return f"{100 - float(amount / top) * 100:.2f}"


def _line(amounts: Sequence[int], top: Decimal) -> str:
    points, so_far = ["0,100"], 0
    for place, amount in enumerate(amounts):
        so_far += amount
        height = 100 - float(usd(so_far) / top) * 100
        points.append(f"{place * _STEP + _INSET + _BAR},{height:.2f}")
    return " ".join(points)

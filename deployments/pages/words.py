"""Figures as people read them: money, durations, moments. Pure, but for the time zone that is active."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

from django.utils import timezone

_CENT = Decimal("0.01")


def money(usd: Decimal) -> str:
    """A counted amount to the cent: $2.70. What rounds to nothing but is something says so."""
    if 0 < usd < Decimal("0.005"):
        return "under $0.01"
    return f"${usd.quantize(_CENT, ROUND_HALF_UP):,}"


def about_money(usd: Decimal) -> str:
    """An estimate, rounded as one: about $0.26, about $2.70, about $239."""
    if 0 < usd < Decimal("0.005"):
        return "under $0.01"
    step = Decimal(1) if usd >= 100 else Decimal("0.1") if usd >= 1 else _CENT
    rounded = (usd / step).quantize(Decimal(1), ROUND_HALF_UP) * step
    return f"about ${rounded:,.0f}" if step == 1 else f"about ${rounded:,.2f}"


def duration(seconds: float) -> str:
    """Two units at most: 45 s, 4 min 34 s, 1 h 13 min, 2 d 3 h."""
    whole = round(seconds)
    for size, unit, lower_size, lower in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size:
            rest = whole % size // lower_size
            return f"{whole // size} {unit}" + (f" {rest} {lower}" if rest else "")
    return f"{whole} s" if whole or not seconds else f"{seconds:.1f} s"


def about_duration(seconds: float) -> str:
    """An estimate, rounded as one: 40 s, 4½ min, 12 min, 1 h 15 min."""
    if seconds < 55:
        return f"{max(5, round(seconds / 5) * 5)} s"
    halves = round(seconds / 30)
    if halves < 20:
        return f"{halves // 2 or ''}{'½' if halves % 2 else ''} min"
    return duration(round(seconds / 60) * 60)


def stopwatch(seconds: float) -> str:
    """Minutes and seconds for columns: 0:45, 4:34, 1:02:03."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def moment(at: datetime, *, now: datetime) -> str:
    """Day and time in the reader's zone: Today 11:20, Yesterday 09:12, Fri 20 Nov 15:03, 3 Jan 2025 10:00."""
    local, today = timezone.localtime(at), timezone.localtime(now).date()
    days = (today - local.date()).days
    if days in (0, 1, -1):
        day = {0: "Today", 1: "Yesterday", -1: "Tomorrow"}[days]
    elif local.year == today.year:
        day = f"{local:%a} {local.day} {local:%b}"
    else:
        day = f"{local.day} {local:%b %Y}"
    return f"{day} {local:%H:%M}"


def until(at: datetime, *, now: datetime) -> str:
    """The same inside a sentence: today 11:20."""
    said = moment(at, now=now)
    return said[:1].lower() + said[1:] if said.startswith(("To", "Yes")) else said


def utc(at: datetime) -> str:
    """The same instant in UTC, for a title."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"

"""What a run's dollars went for, as one bar of parts. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from deployments.services.views import RunView

from .words import duration, money

_GAP = 0.4  # per cent between two parts, so that they are told apart without colour
# Boot holds the warm-up, which ends it. What a lease until a time keeps warm is told apart from idle tails.
LEGEND = (
    ("c-boot", "Boot, with warm-up", ""),
    ("c-use", "Use", ""),
    ("", "Idle tail", "hatch-idle"),
    ("c-kept", "Kept warm", ""),
)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a bar, in per cent of its width; `fill` names the pattern that a part without `css` has."""

    css: str
    fill: str
    x: str
    width: str
    label: str
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Parts:
    """The bar, and the same in words. `queued` is told beside it: it is not counted."""

    parts: tuple[Part, ...]
    said: str
    queued: str


def parts_bar(
    amounts: tuple[Decimal, Decimal, Decimal, Decimal], *, most: Decimal, queued_s: float | None = None
) -> Parts | None:
    """Boot, use, idle tail and kept warm, in USD, against a full width of `most`; None where all are 0."""
    if most <= 0 or sum(amounts) <= 0:
        return None
    found, x = [], 0.0
    for (css, label, fill), usd in zip(LEGEND, amounts, strict=True):
        width = float(usd / most * 100)
        if usd > 0:
            found.append(Part(css, fill, f"{x:.2f}", f"{max(0.2, width - _GAP):.2f}", label, usd))
        x += width
    told = ", ".join(f"{part.label.lower()} {money(part.usd)}" for part in found)
    queued = f"Queued {duration(queued_s)} before, not counted" if queued_s and queued_s >= 1 else ""
    return Parts(tuple(found), told[:1].upper() + told[1:], queued)


def shares(run: RunView) -> Parts | None:
    """The bar of one run at full width."""
    return parts_bar(_amounts(run), most=sum(_amounts(run), Decimal(0)), queued_s=run.queued_s)


def dearest(runs: Iterable[RunView]) -> Decimal:
    """What the dearest of them cost, in USD."""
    return max((sum(_amounts(one), Decimal(0)) for one in runs), default=Decimal(0))


def beside(run: RunView, most: Decimal) -> Parts | None:
    """The bar of a run among others: the `dearest` of them has the full width."""
    return parts_bar(_amounts(run), most=most, queued_s=run.queued_s)


def _amounts(run: RunView) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    kept = min(run.kept_usd, run.idle_usd)
    return run.boot_usd, run.use_usd, run.idle_usd - kept, kept

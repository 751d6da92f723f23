"""By the second against always on and against a dedicated node, at the prices in effect."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from deployments.ledger.comparisons import Habit, dedicated_usd_per_hour, month_usd
from deployments.ledger.costs import ByResource, interval_cost
from deployments.ledger.formats import FORMATS, Format
from deployments.ledger.prices import PriceBook, PriceMissing, Resources
from deployments.models import Account, Deployment, Price
from deployments.planning.presets import GLM_5_2_FP8
from deployments.planning.spec import Spec
from deployments.providers.base import scaled

from . import costs
from .expected import boot_time
from .facts import spec_of
from .loading import loaded

HOURS = tuple(Decimal(hours) for hours in range(25))
SESSION_S = 1200


@dataclass(frozen=True, slots=True)
class Basis:
    """Whose prices and times are compared: a deployment's, or the built-in recipe's at an account.

    `boot_s` and `idle_s` are wall seconds.
    """

    account: Account
    spec: Spec
    boot_s: float
    idle_s: float
    boot_runs: int
    deployment: Deployment | None


def basis(deployment: Deployment | None, now: datetime) -> Basis:
    """Its account, settings and usual boot; without one the recipe's, at the first account there is."""
    if deployment is None:
        account = Account.objects.order_by("pk").first() or Account()  # without one, public prices hold
        recipe = GLM_5_2_FP8
        return Basis(account, recipe, recipe.expected_boot_s, recipe.idle_window_s, 0, None)
    row = loaded(deployment.pk, now)
    spec = spec_of(row)
    boot = boot_time(row, spec)
    idle_s = scaled(spec.idle_window_s, row.account.speed).total_seconds()
    return Basis(row.account, spec, boot.p50_s, idle_s, boot.runs, row)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A length of time and its dollars by resource."""

    label: str
    seconds: int
    usd: ByResource


@dataclass(frozen=True, slots=True)
class Point:
    """So many hours of use a day: the billed hours of such a day, and the dollars of a month."""

    use_hours: Decimal
    billed_hours: Decimal
    month_usd: Decimal


@dataclass(frozen=True, slots=True)
class Priced:
    """A format at today's price of its GPUs; None where none is known."""

    format: Format
    usd_per_hour: Decimal | None


@dataclass(frozen=True, slots=True)
class Compared:
    """All dollars of a comparison. Those of a node and the break-even are None where no such node is listed;
    the break-even is also None where the node is never cheaper."""

    held: Resources
    gpu_usd_per_hour: Decimal
    usd_per_hour: Decimal
    node_usd_per_hour: Decimal | None
    month_hours: Decimal
    month_usd: Decimal
    always_on_usd: Decimal
    dedicated_usd: Decimal | None
    break_even_hours: Decimal | None
    points: tuple[Point, ...]
    stretches: tuple[Stretch, ...]
    formats: tuple[Priced, ...]
    prices: tuple[Price, ...]


def compared(found: Basis, gpu_type: str, gpu_count: int, habit: Habit, now: datetime) -> Compared:
    """Compare a habit on these GPUs. CPU and memory grow with the GPUs. Raises PriceMissing."""
    books = costs.Books()
    book, held = books.of(found.account), holding(found, gpu_type, gpu_count)
    whole = book.whole_usd_per_hour(held, now)
    node = dedicated_usd_per_hour(gpu_type, gpu_count)
    rows = books.in_effect(found.account, now)
    return Compared(
        held=held,
        gpu_usd_per_hour=book.usd_per_hour(held, now),
        usd_per_hour=whole,
        node_usd_per_hour=node,
        month_hours=habit.month_hours,
        month_usd=habit.month_usd(whole),
        always_on_usd=month_usd(whole),
        dedicated_usd=None if node is None else month_usd(node),
        break_even_hours=None if node is None else habit.break_even_use_hours(whole, node),
        points=tuple(_point(habit, hours, whole) for hours in HOURS),
        stretches=tuple(_stretches(held, book, habit, now)),
        formats=tuple(_priced(one, book, found, now) for one in FORMATS),
        prices=tuple(rows[name] for name in held.amounts() if name in rows),
    )


def holding(found: Basis, gpu_type: str, gpu_count: int) -> Resources:
    """What a container with these GPUs holds, with CPU and memory in proportion."""
    held = costs.resources(found.spec, found.account)
    share = Decimal(gpu_count) / max(1, held.gpu_count)
    return replace(
        held, gpu_type=gpu_type, gpu_count=gpu_count, cpu_cores=held.cpu_cores * share,
        memory_gib=held.memory_gib * share,
    )  # fmt: skip


def gpu_types(account: Account, now: datetime) -> list[str]:
    """GPUs that a price is known for."""
    found = costs.Books().in_effect(account, now)
    return sorted(name.partition(":")[2] for name in found if name.startswith("gpu:"))


def _point(habit: Habit, hours: Decimal, usd_per_hour: Decimal) -> Point:
    """No use is no session, and nothing is lit."""
    sessions = habit.sessions if hours else Decimal(0)
    there = replace(habit, use_hours=hours, sessions=sessions)
    return Point(hours, there.billed_hours, there.month_usd(usd_per_hour))


def _stretches(held: Resources, book: PriceBook, habit: Habit, now: datetime) -> Iterable[Stretch]:
    for label, seconds in (
        ("A cold start", int(habit.boot_s)),
        ("A session of 20 minutes", SESSION_S),
        ("The idle tail after it", int(habit.idle_s)),
        ("An hour", 3600),
    ):
        yield Stretch(label, seconds, interval_cost(held, book, now, now + timedelta(seconds=seconds)))


def _priced(one: Format, book: PriceBook, found: Basis, now: datetime) -> Priced:
    held = holding(found, one.gpu_type, one.gpu_count)
    try:
        return Priced(one, book.usd_per_hour(held, now))
    except PriceMissing:
        return Priced(one, None)

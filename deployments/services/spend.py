"""What was spent in a window: charges that the database sums, and what is not settled yet."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Case, ExpressionWrapper, F, IntegerField, Q, QuerySet, Sum, Value, When

from deployments.ledger.charges import Charge as Line
from deployments.ledger.sums import Sums, of_charge
from deployments.ledger.window import SLOTS_A_DAY, Window, bucket, day_number
from deployments.models import Charge, Deployment, Run
from deployments.planning.power import Actor

from .settle import lines_of, with_what_prices_it

# More than this many are not added up at one look; the settling task catches up within minutes.
_MOST_LIVE = 200
_COLUMNS = {name: f"{name}_micro_usd" for name in ("boot", "use", "idle", "kept", "gpu", "cpu", "memory")} | {
    "requests": "requests",
    "made_tokens": "made_tokens",
}


class Place(NamedTuple):
    """Where a sum belongs; what was not grouped by is 0 or empty.

    `day` counts since 1970, and is the Monday of its week where weeks were asked for. `who` is the name of
    somebody who is no person of the panel any more, or never was.
    """

    day: int = 0
    deployment_id: int = 0
    user_id: int = 0
    who: str = ""
    key_id: int = 0


_FIELDS = {
    "day": ("day",),
    "deployment": ("deployment_id",),
    "person": ("user_id", "who"),
    "key": ("key_id",),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which part of the money: None means all. `user_id` 0 is nobody of the panel."""

    deployment_ids: frozenset[int] | None = None
    user_id: int | None = None
    key_id: int | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """Sums by place.

    `live` counts the runs that are still lit or not settled yet, `unpriced` those of them that no price is
    known for, and whose dollars are therefore missing.
    """

    window: Window
    sums: dict[Place, Sums]
    live: int
    unpriced: int

    @property
    def total(self) -> Sums:
        """The whole."""
        return sum(self.sums.values(), Sums())

    def by(self, *names: str) -> dict[Place, Sums]:
        """The same, grouped by fewer columns, largest first, then in the order of the places."""
        found: defaultdict[Place, Sums] = defaultdict(Sums)
        for place, sums in self.sums.items():
            found[_narrowed(place, names)] += sums
        return dict(sorted(found.items(), key=lambda item: (-item[1].total, item[0])))


def _narrowed(place: Place, groups: Iterable[str]) -> Place:
    return Place(**{name: getattr(place, name) for group in groups for name in _FIELDS[group]})


def open_to(actor: Actor) -> frozenset[int] | None:
    """The deployments whose money the actor may see, archived ones too; None means all."""
    if actor.deployments is None:
        return None
    rows = Deployment.objects.filter(slug__in=actor.deployments)
    return frozenset(rows.values_list("pk", flat=True))


def spent(
    window: Window, groups: Iterable[str], now: datetime, *, only: Filter | None = None, weeks: bool = False
) -> Spent:
    """Dollars of the window by `groups` (of day, deployment, person, key); one query for what is settled."""
    (found,) = spent_by(window, [tuple(groups)], now, only=only, weeks=weeks)
    return found


def spent_by(
    window: Window,
    groupings: Sequence[Sequence[str]],
    now: datetime,
    *,
    only: Filter | None = None,
    weeks: bool = False,
) -> list[Spent]:
    """The same for several groupings of one moment, which come to the same total; one query for each."""
    only = only or Filter()
    live, lines = _live(window, only, now)
    placed = [
        (_place(run, line, window, weeks), of_charge(line))
        for run in live
        for line in lines.get(run.pk, ())
        if window.first <= line.slot < window.end and _is_of(line, only)
    ]
    unpriced = len(live) - len(lines)
    found = []
    for groups in groupings:
        sums: defaultdict[Place, Sums] = defaultdict(Sums)
        for place, one in _settled(window, groups, only, weeks):
            sums[place] += one
        for place, one in placed:
            sums[_narrowed(place, groups)] += one
        found.append(Spent(window, dict(sums), len(live), unpriced))
    return found


def _settled(
    window: Window, groups: Sequence[str], only: Filter, weeks: bool
) -> Iterable[tuple[Place, Sums]]:
    columns = [name for group in groups for name in _FIELDS[group]]
    rows = charges_in(window, only)
    if "day" in groups:
        rows = rows.annotate(day=_day(window, weeks))
    plain: QuerySet[Any] = rows.order_by()
    grouped = plain.values(*columns) if columns else plain.values(all=Value(1))
    sums = {f"sum_{name}": Sum(column) for name, column in _COLUMNS.items()}
    for row in grouped.annotate(**sums):
        yield _read(row, columns), Sums(**{name: row[f"sum_{name}"] or 0 for name in _COLUMNS})


def _read(row: dict[str, Any], columns: Sequence[str]) -> Place:
    """A person who changed their name is one: only where nobody is named by id, the name tells who."""
    found: dict[str, Any] = {name: row[name] for name in columns if row[name]}
    if "user_id" in found:
        found.pop("who", None)
    return Place(**found)


def charges_in(window: Window, only: Filter) -> QuerySet[Charge]:
    """The charges of a window."""
    rows = Charge.objects.filter(slot__gte=window.first, slot__lt=window.end)
    if only.deployment_ids is not None:
        rows = rows.filter(deployment__in=only.deployment_ids)
    if only.key_id is not None:
        rows = rows.filter(key_id=only.key_id)
    if only.user_id is not None:
        rows = rows.filter(user=only.user_id) if only.user_id else rows.filter(user__isnull=True)
    return rows


def _day(window: Window, weeks: bool) -> Any:
    """The day since 1970 as the database computes it: whole numbers, so that division cuts off."""
    offsets = [When(slot__lt=end, then=Value(offset)) for end, offset in window.offsets()]
    number = (F("slot") + Case(*offsets, default=Value(0), output_field=IntegerField())) / Value(SLOTS_A_DAY)
    if weeks:
        number = number - (number + Value(3)) % Value(7)
    return ExpressionWrapper(number, output_field=IntegerField())


def unsettled(window: Window, only: Filter) -> QuerySet[Run]:
    """Runs of the window that are lit, or ended and not settled yet."""
    rows = Run.objects.filter(settled_at__isnull=True, started_at__lt=window.until)
    rows = rows.filter(Q(ended_at__isnull=True) | Q(ended_at__gt=window.since))
    if only.deployment_ids is not None:
        rows = rows.filter(deployment__in=only.deployment_ids)
    return with_what_prices_it(rows)


def lit_ahead(window: Window, only: Filter) -> QuerySet[Run]:
    """Runs that are lit and began after the window: somebody moved the clock back."""
    rows = Run.objects.filter(settled_at__isnull=True, ended_at__isnull=True, started_at__gte=window.until)
    if only.deployment_ids is not None:
        rows = rows.filter(deployment__in=only.deployment_ids)
    return with_what_prices_it(rows)


def _live(window: Window, only: Filter, now: datetime) -> tuple[list[Run], dict[int, list[Line]]]:
    runs = list(unsettled(window, only).order_by("-pk")[:_MOST_LIVE])
    return runs, lines_of(runs, now) if runs else {}


def _place(run: Run, line: Line, window: Window, weeks: bool) -> Place:
    payer = line.payer
    return Place(
        bucket(day_number(line.slot, window.zone), weeks=weeks),
        run.deployment_id,
        payer.user_id,
        "" if payer.user_id else payer.name,
        payer.key_id,
    )


def _is_of(line: Line, only: Filter) -> bool:
    of_person = only.user_id is None or line.payer.user_id == only.user_id
    return of_person and (only.key_id is None or line.payer.key_id == only.key_id)

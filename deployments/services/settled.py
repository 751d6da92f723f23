"""Sums of what is settled: whole days from the daily rows, the rest of a window from its charges."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from django.db.models import Case, ExpressionWrapper, F, IntegerField, Model, Q, QuerySet, Sum, Value, When

from deployments.ledger.sums import Sums
from deployments.ledger.window import SLOTS_A_DAY, Window, bucket
from deployments.models import Charge, DayCost

_COLUMNS = {name: f"{name}_micro_usd" for name in ("boot", "use", "idle", "kept", "gpu", "cpu", "memory")} | {
    "requests": "requests",
    "made_tokens": "made_tokens",
}
Row = TypeVar("Row", bound=Model)
_Rows = QuerySet[Any]


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


FIELDS = {
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


def settled(window: Window, groups: Sequence[str], only: Filter, *, weeks: bool = False) -> dict[Place, Sums]:
    """What is settled of a window, by `groups`. Two queries.

    Days in UTC are read from their sums. What lies before the first and after the last of them is read from
    the charges; and so is, by days of another zone, what falls on another day there: it is taken from the
    one and given to the other.
    """
    found: defaultdict[Place, Sums] = defaultdict(Sums)
    first, end = window.utc_days
    for row in _grouped(_days(first, end, only), _columns(groups)):
        found[_place(row, groups, bucket(row.get("day", 0), weeks=weeks))] += _sums(row)
    columns = ["utc", "local", *(name for name in _columns(groups) if name != "day")]
    for row in _grouped(_rest(window, only, by_day="day" in groups, weeks=weeks), columns):
        found[_place(row, groups, bucket(row["local"], weeks=weeks))] += _sums(row)
        if first <= row["utc"] < end:
            found[_place(row, groups, bucket(row["utc"], weeks=weeks))] -= _sums(row)
    return {place: sums for place, sums in found.items() if sums != Sums()}


def _columns(groups: Sequence[str]) -> list[str]:
    return [name for group in groups for name in FIELDS[group]]


def _days(first: int, end: int, only: Filter) -> _Rows:
    return _narrowed(DayCost.objects.filter(day__gte=first, day__lt=end), only)


def charges_in(window: Window, only: Filter) -> QuerySet[Charge]:
    """The charges of a window."""
    rows: QuerySet[Charge] = Charge.objects.filter(slot__gte=window.first, slot__lt=window.end)
    return _narrowed(rows, only)


def _narrowed(rows: QuerySet[Row], only: Filter) -> QuerySet[Row]:
    if only.deployment_ids is not None:
        rows = rows.filter(deployment__in=only.deployment_ids)
    if only.key_id is not None:
        rows = rows.filter(key_id=only.key_id)
    if only.user_id is not None:
        rows = rows.filter(user=only.user_id) if only.user_id else rows.filter(user__isnull=True)
    return rows


def _rest(window: Window, only: Filter, *, by_day: bool, weeks: bool) -> _Rows:
    """The charges that the sums of UTC days leave out, or put on another day than the zone does."""
    first, end = window.utc_days
    rows: _Rows = charges_in(window, only).annotate(local=_local_day(window), utc=_utc_day())
    if first >= end:
        return rows
    moved = by_day and any(offset for _, offset in window.offsets())
    if not moved and (first * SLOTS_A_DAY, end * SLOTS_A_DAY) == (window.first, window.end):
        return rows.none()
    rows = rows.annotate(weekday=_weekday())
    wanted = Q(slot__lt=first * SLOTS_A_DAY) | Q(slot__gte=end * SLOTS_A_DAY)
    return rows.filter(wanted | _moved(weeks) if moved else wanted)


def _moved(weeks: bool) -> Q:
    """Charges whose day in the zone is not the UTC day; of weeks, where one is a Sunday and one a Monday."""
    if not weeks:
        return ~Q(local=F("utc"))
    return Q(local__gt=F("utc"), weekday=6) | Q(local__lt=F("utc"), weekday=0)


def _local_day(window: Window) -> Any:
    """The day since 1970 as the database computes it: whole numbers, so that division cuts off."""
    offsets = [When(slot__lt=end, then=Value(offset)) for end, offset in window.offsets()]
    shifted = F("slot") + Case(*offsets, default=Value(0), output_field=IntegerField())
    return ExpressionWrapper(shifted / Value(SLOTS_A_DAY), output_field=IntegerField())


def _utc_day() -> Any:
    return ExpressionWrapper(F("slot") / Value(SLOTS_A_DAY), output_field=IntegerField())


def _weekday() -> Any:
    """0 for Monday to 6; day 0 was a Thursday."""
    return ExpressionWrapper((_utc_day() + Value(3)) % Value(7), output_field=IntegerField())


def _grouped(rows: _Rows, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    plain = rows.order_by()
    grouped = plain.values(*columns) if columns else plain.values(all=Value(1))
    return iter(grouped.annotate(**{f"sum_{name}": Sum(column) for name, column in _COLUMNS.items()}))


def _sums(row: dict[str, Any]) -> Sums:
    return Sums(**{name: row[f"sum_{name}"] or 0 for name in _COLUMNS})


def _place(row: dict[str, Any], groups: Sequence[str], day: int) -> Place:
    """A person who changed their name is one: only where nobody is named by id, the name tells who."""
    named = {name: row[name] for name in _columns(groups) if name != "day" and row[name]}
    if "user_id" in named:
        named.pop("who", None)
    return Place(day=day if "day" in groups else 0, **named)

"""Sums of what is settled: whole days from the daily rows, the rest of a window from its charges."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import add
from typing import Any, NamedTuple, TypeVar

from django.db.models import Case, ExpressionWrapper, F, IntegerField, Model, QuerySet, Sum, Value, When

from deployments.ledger.sums import COLUMNS, Sums
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
    found: dict[Place, list[int]] = {}
    first, end = window.utc_days
    names = _columns(groups)
    placed = _Placer(names, weeks)
    for values, amounts in _grouped(_days(first, end, only), names):
        _count(found, placed(values), amounts)
    by_day = "day" in names
    rest = _rest(window, only, by_day=by_day, weeks=weeks)
    others = [name for name in names if name != "day"]
    for (utc, local, *values), amounts in _grouped(rest, ["utc", "local", *others]):
        _count(found, placed((local, *values) if by_day else values), amounts)
        if first <= utc < end:
            _count(found, placed((utc, *values) if by_day else values), [-amount for amount in amounts])
    return {place: Sums(*amounts) for place, amounts in found.items() if any(amounts)}


def _count(found: dict[Place, list[int]], place: Place, amounts: Sequence[int]) -> None:
    known = found.get(place)
    found[place] = list(amounts) if known is None else list(map(add, known, amounts))


def _columns(groups: Sequence[str]) -> list[str]:
    """Their columns, the day first."""
    return [name for group in FIELDS if group in groups for name in FIELDS[group]]


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
    if first >= end:
        return _with_days(charges_in(window, only), window)
    slots = [*range(window.first, first * SLOTS_A_DAY), *range(end * SLOTS_A_DAY, window.end)]
    slots += _moved(window, weeks) if by_day else []
    # By name: an index finds them, where a condition would have to look at every charge of the window.
    rows = _narrowed(Charge.objects.filter(slot__in=sorted(set(slots))), only)
    return _with_days(rows, window) if slots else _with_days(rows.none(), window)


def _with_days(rows: _Rows, window: Window) -> _Rows:
    dated: _Rows = rows.annotate(local=_local_day(window), utc=_utc_day())
    return dated


def _moved(window: Window, weeks: bool) -> list[int]:
    """The slots that fall on another day, or in another week, in the zone than they do in UTC."""
    found, begin = list[int](), window.first
    for end, offset in window.offsets():
        for day in range(begin // SLOTS_A_DAY, -(-end // SLOTS_A_DAY)):
            midnight = (day + 1) * SLOTS_A_DAY if offset > 0 else day * SLOTS_A_DAY
            other = day + 1 if offset > 0 else day - 1
            if bucket(other, weeks=weeks) != bucket(day, weeks=weeks):
                around = (
                    range(midnight - offset, midnight) if offset > 0 else range(midnight, midnight - offset)
                )
                found += [slot for slot in around if begin <= slot < end]
        begin = end
    return found


def _local_day(window: Window) -> Any:
    """The day since 1970 as the database computes it: whole numbers, so that division cuts off."""
    offsets = [When(slot__lt=end, then=Value(offset)) for end, offset in window.offsets()]
    shifted = F("slot") + Case(*offsets, default=Value(0), output_field=IntegerField())
    return ExpressionWrapper(shifted / Value(SLOTS_A_DAY), output_field=IntegerField())


def _utc_day() -> Any:
    return ExpressionWrapper(F("slot") / Value(SLOTS_A_DAY), output_field=IntegerField())


def _grouped(rows: _Rows, columns: Sequence[str]) -> Iterator[tuple[Sequence[Any], Sequence[int]]]:
    """The values of `columns` and the sums, in the order of `Sums`."""
    plain = rows.order_by()
    grouped = plain.values(*columns) if columns else plain.values(all=Value(1))
    summed = grouped.annotate(**{f"sum_{name}": Sum(_COLUMNS[name]) for name in COLUMNS})
    for row in summed.values_list(*columns, *(f"sum_{name}" for name in COLUMNS)):
        if row[-1] is not None:  # nothing at all is one row without a sum
            yield row[: len(columns)], row[len(columns) :]


class _Placer:
    """Places from the values of columns, `day` first where it is among them."""

    def __init__(self, names: Sequence[str], weeks: bool) -> None:
        self.by_day, self.weeks = "day" in names, weeks
        self.where = [names.index(name) if name in names else None for name in Place._fields]

    def __call__(self, values: Sequence[Any]) -> Place:
        """A person who changed their name is one: only where nobody is named by id, the name tells who."""
        day, deployment_id, user_id, who, key_id = (None if at is None else values[at] for at in self.where)
        day = bucket(day or 0, weeks=self.weeks) if self.by_day else 0
        return Place(day, deployment_id or 0, user_id or 0, "" if user_id else who or "", key_id or 0)

"""The daily sums of what is settled: kept in the transaction that settles, and made anew from the charges."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import ExpressionWrapper, F, IntegerField, Sum, Value

from deployments.ledger.slots import SLOTS_A_DAY
from deployments.models import Charge, DayCost, Run

PLACE = ("day", "deployment_id", "user_id", "who", "key_id")
AMOUNTS = (
    "boot_micro_usd", "use_micro_usd", "idle_micro_usd", "kept_micro_usd", "gpu_micro_usd", "cpu_micro_usd",
    "memory_micro_usd", "requests", "made_tokens",
)  # fmt: skip
_Key = tuple[Any, ...]
_BATCH = 1000


def add(charges: Iterable[Charge]) -> None:
    """Add the charges of one deployment to its days. Call it in the transaction that writes them."""
    found: defaultdict[_Key, dict[str, int]] = defaultdict(lambda: dict.fromkeys(AMOUNTS, 0))
    for charge in charges:
        amounts = found[_key(charge, charge.slot // SLOTS_A_DAY)]
        for name in AMOUNTS:
            amounts[name] += getattr(charge, name)
    known = _known(found)
    # In the order of ids, so that two that settle at once never wait for each other.
    for key in sorted(known, key=lambda key: known[key]):
        more: dict[str, Any] = {name: F(name) + amount for name, amount in found.pop(key).items()}
        DayCost.objects.filter(pk=known[key]).update(**more)
    DayCost.objects.bulk_create(
        DayCost(**dict(zip(PLACE, key, strict=True)), **amounts) for key, amounts in found.items()
    )


def _key(row: Any, day: int) -> _Key:
    return (day, row.deployment_id, row.user_id, row.who, row.key_id)


def _known(found: Iterable[_Key]) -> dict[_Key, int]:
    """One row for each place that has one already. One query."""
    keys = set(found)
    days, deployments = {key[0] for key in keys}, {key[1] for key in keys}
    rows = DayCost.objects.filter(day__in=days, deployment__in=deployments).order_by("-pk")
    places = {tuple(row[1:]): row[0] for row in rows.values_list("pk", *PLACE)}
    return {key: places[key] for key in keys if key in places}


def rebuild() -> int:
    """Write every row anew from the charges; gives how many.

    Holds up those that settle meanwhile; what they write afterwards is added to the new rows.
    """
    with transaction.atomic():
        list(Run.objects.select_for_update().filter(settled_at__isnull=True).values_list("pk"))
        DayCost.objects.all().delete()
        DayCost.objects.bulk_create(_rows(), batch_size=_BATCH)
    return DayCost.objects.count()


def differences() -> int:
    """How many places of the charges have other daily sums than they should: 0."""
    charged = {_key(row, row.day): _amounts(row) for row in _rows()}
    kept: defaultdict[_Key, tuple[int, ...]] = defaultdict(lambda: (0,) * len(AMOUNTS))
    for row in DayCost.objects.iterator():
        key = _key(row, row.day)
        kept[key] = tuple(old + new for old, new in zip(kept[key], _amounts(row), strict=True))
    return sum(charged.get(key) != kept.get(key) for key in charged.keys() | kept.keys())


def _amounts(row: DayCost) -> tuple[int, ...]:
    return tuple(getattr(row, name) for name in AMOUNTS)


def _rows() -> list[DayCost]:
    day = ExpressionWrapper(F("slot") / Value(SLOTS_A_DAY), output_field=IntegerField())
    grouped = Charge.objects.annotate(day=day).order_by().values(*PLACE)
    sums = {f"sum_{name}": Sum(name) for name in AMOUNTS}
    return [
        DayCost(**{name: row[name] for name in PLACE}, **{name: row[f"sum_{name}"] for name in AMOUNTS})
        for row in grouped.annotate(**sums)
    ]

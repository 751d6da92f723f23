"""What was spent in a window: what is settled, as the database sums it, and what is not settled yet."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet

from deployments.ledger.charges import Charge as Line
from deployments.ledger.sums import Sums, of_charge
from deployments.ledger.window import Window, bucket, day_number
from deployments.models import Deployment, Run
from deployments.planning.power import Actor

from .settle import lines_of, with_what_prices_it
from .settled import FIELDS, Filter, Place, charges_in, settled

# More than this many are not added up at one look; the settling task catches up within minutes.
_MOST_LIVE = 200
__all__ = [
    "Filter", "Live", "Place", "Spent", "charges_in", "lit_ahead", "live", "open_to", "settled", "spent",
    "spent_by", "unsettled",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Live:
    """What is not settled yet, read once for several sums: runs, and the charges of those with a price."""

    runs: list[Run]
    lines: dict[int, list[Line]]


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
        narrowed = _Narrower(names)
        for place, sums in self.sums.items():
            found[narrowed(place)] += sums
        return dict(sorted(found.items(), key=lambda item: (-item[1].total, item[0])))


class _Narrower:
    """Takes from places what was not grouped by."""

    def __init__(self, groups: Iterable[str]) -> None:
        kept = {name for group in groups for name in FIELDS[group]}
        self.empty: list[Any] = [None if name in kept else value for name, value in Place()._asdict().items()]

    def __call__(self, place: Place) -> Place:
        values: list[Any] = [
            own if left is None else left for own, left in zip(place, self.empty, strict=True)
        ]
        return Place(*values)


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
    known: Live | None = None,
) -> list[Spent]:
    """The same for several groupings of one moment, which come to the same total; one query for each.

    `known` is what `live` told of this window, or of one around it, at the same moment.
    """
    only = only or Filter()
    known = known or live(window, only, now)
    placed = [
        (_place(run, line, window, weeks), of_charge(line))
        for run in known.runs
        if only.deployment_ids is None or run.deployment_id in only.deployment_ids
        for line in known.lines.get(run.pk, ())
        if window.first <= line.slot < window.end and _is_of(line, only)
    ]
    found = []
    for groups in groupings:
        sums = defaultdict(Sums, settled(window, groups, only, weeks=weeks))
        narrowed = _Narrower(groups)
        for place, one in placed:
            sums[narrowed(place)] += one
        found.append(Spent(window, dict(sums), len(known.runs), len(known.runs) - len(known.lines)))
    return found


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


def live(window: Window, only: Filter, now: datetime) -> Live:
    """What is not settled of a window: all that is lit first, then the newest that has ended."""
    rows = unsettled(window, only).order_by(F("ended_at").desc(nulls_first=True), "-pk")
    runs = list(rows[:_MOST_LIVE])
    return Live(runs, lines_of(runs, now) if runs else {})


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

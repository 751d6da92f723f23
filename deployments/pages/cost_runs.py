"""`/costs/runs/`: the runs that a sum is made of."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.ledger.charges import usd
from deployments.models import Run
from deployments.planning.power import Scope
from deployments.services import spend
from deployments.services.cost_labels import NOBODY
from deployments.services.lives import names
from deployments.services.spend import Filter

from . import costs
from .access import PageRequest, needs
from .dollars import Parts, parts_bar
from .paging import cursor

_PAGE = 50
_PARTS = ("boot", "use", "idle", "kept")


@dataclass(frozen=True, slots=True)
class Share:
    """A run, and how much of it lies in what was asked for. `usd` is None while it is not settled.

    `parts` are the dollars of it by part (boot, use, idle, and kept, which lies in idle).
    """

    run: Run
    usd: Any
    parts: dict[str, Decimal] = field(default_factory=dict)
    bar: Parts | None = None


@require_safe
@needs(Scope.READ)
def cost_runs(request: PageRequest) -> HttpResponse:
    """Newest first, by pages; of one person where `person` names one (0: nobody of the panel)."""
    now = timezone.now()
    asked = costs.read(request, now)
    person = _person(request.GET.get("person", ""))
    only = Filter(asked.only.deployment_ids, person)
    before = cursor(request)
    shares = _shares(asked.period.window, only, before)
    context = {
        "nav": "costs",
        "asked": asked,
        "period": asked.period,
        "person": person,
        "person_name": (names({person}).get(person) or NOBODY) if person is not None else "",
        "unsettled": [Share(run, None) for run in spend.unsettled(asked.period.window, only)[:_PAGE]]
        if before is None and person is None
        else [],
        "shares": shares,
        "older": shares[-1].run.pk if len(shares) == _PAGE else None,
    }
    return render(request, "costs/runs.html", context)


def _person(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _shares(window: Any, only: Filter, before: int | None) -> list[Share]:
    """The dollars of each run that lie in the window. Two queries."""
    rows = spend.charges_in(window, only)
    if before is not None:
        rows = rows.filter(run__lt=before)
    sums = {name: Sum(f"{name}_micro_usd") for name in _PARTS}
    grouped: Any = rows.order_by().values("run").annotate(**sums).order_by("-run")[:_PAGE]
    found = {row["run"]: {name: usd(row[name]) for name in _PARTS} for row in grouped}
    runs = Run.objects.select_related("deployment").in_bulk(found)
    most = max((_whole(parts) for parts in found.values()), default=Decimal(0))
    return [Share(runs[pk], _whole(parts), parts, _bar(parts, most)) for pk, parts in found.items()]


def _whole(parts: dict[str, Decimal]) -> Decimal:
    return parts["boot"] + parts["use"] + parts["idle"]


def _bar(parts: dict[str, Decimal], most: Decimal) -> Parts | None:
    amounts = (parts["boot"], parts["use"], parts["idle"] - parts["kept"], parts["kept"])
    return parts_bar(amounts, most=most)

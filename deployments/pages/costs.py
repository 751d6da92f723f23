"""`/costs/`: what was spent, on what, by whom, and what it would have cost otherwise."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.ledger.comparisons import DEDICATED_SOURCE
from deployments.ledger.sums import Sums
from deployments.models import Account, Deployment
from deployments.planning.power import Scope
from deployments.services import bill_compare, budgets, cost_facts, provider_budgets, spend
from deployments.services.budgets import BudgetView
from deployments.services.cost_labels import Labels, with_what_prices_them
from deployments.services.lives import people
from deployments.services.spend import Filter, Place, Spent
from deployments.services.uses import key_choices

from . import cost_chart, cost_period
from .access import PageRequest, needs
from .cost_period import Period

GROUPS = ("day", "deployment", "person", "key")
SPLITS = {"part": "Part", "person": "Person", "key": "Key", "deployment": "Deployment"}
_SPLIT_BY: dict[str, tuple[str, ...]] = {
    "part": (),
    "person": ("person",),
    "key": ("person", "key"),
    "deployment": ("deployment",),
}
# Before a tenth of a month has passed, its pace says nothing.
_LEAST_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for."""

    period: Period
    only: Filter
    deployment: Deployment | None
    split: str

    def link(self, **changed: str) -> str:
        """The same address with something else."""
        named = {"deployment": self.deployment.slug if self.deployment else "", "split": self.split} | changed
        rest = urlencode({name: value for name, value in named.items() if value})
        return f"?{self.period.query}&{rest}" if rest else f"?{self.period.query}"


def read(request: PageRequest, now: datetime) -> Asked:
    """What this request asks for, within what its actor may see."""
    slug, split = request.GET.get("deployment", ""), request.GET.get("split", "part")
    ids = spend.open_to(request.actor)
    # PostgreSQL refuses to look for a text that holds a zero byte.
    rows = Deployment.objects.filter(slug=slug) if slug.isprintable() and slug else Deployment.objects.none()
    chosen = next((row for row in rows if ids is None or row.pk in ids), None)
    only = Filter(ids if chosen is None else frozenset({chosen.pk}))
    return Asked(cost_period.read(request.GET, now), only, chosen, split if split in SPLITS else "part")


@require_safe
@needs(Scope.READ)
def costs(request: PageRequest) -> HttpResponse:
    """The page. Its queries do not grow with what was spent."""
    now = timezone.now()
    asked = read(request, now)
    period, window = asked.period, asked.period.window
    groupings = [("deployment", "person", "key"), ("day", *_SPLIT_BY[asked.split])]
    live = spend.live(window, asked.only, now)
    spent, daily = spend.spent_by(window, groupings, now, only=asked.only, weeks=period.weeks, known=live)
    deployments = list(with_what_prices_them().order_by("name"))
    accounts = list(Account.objects.exclude(token_id=""))
    labels = Labels.of(spent.sums, deployments)
    budgeted = _budgets(request, accounts, now)
    limit = _limit(asked, budgeted["budgets"])
    ahead = forecast(spent, period, now)
    compared = cost_facts.compare(labels.deployments.values(), window, now)
    context = {
        "nav": "costs",
        "asked": asked,
        "period": period,
        "presets": cost_period.PRESETS,
        "splits": [(key, label, asked.link(split=key)) for key, label in SPLITS.items()],
        "deployments": deployments,
        "spent": spent,
        "total": spent.total.usd,
        "chart": _chart(asked, daily, labels, now, limit=limit, ahead=ahead) if spent.sums else None,
        "limit": limit,
        "forecast": ahead,
        "bill": bill_compare.compare_totals(
            window, asked.only, now, among=_accounts(asked.only, accounts, deployments), known=live
        ),
        "facts": cost_facts.counts(window, asked.only),
        "compared": compared,
        "saved": compared.always_on_usd - spent.total.usd["cost"],
        "saved_dedicated": compared.dedicated_usd - _spent_on(compared.dedicated_ids, spent),
        "dedicated_names": [
            row.name for pk, row in labels.deployments.items() if pk in compared.dedicated_ids
        ],
        "dedicated_source": DEDICATED_SOURCE,
        "is_running": window.since <= now < window.until,
        "sandbox": _is_sandbox(labels),
        "people": _table(spent, labels, ("person", "key")),
        "by_deployment": _table(spent, labels, ("deployment",)),
        "by_day": sorted(_table(daily, labels, ("day",)), key=lambda row: row.day),
    }
    return render(request, "costs/costs.html", context | budgeted)


def _accounts(only: Filter, accounts: list[Account], deployments: list[Deployment]) -> list[Account]:
    """Those of the deployments that are asked for."""
    if only.deployment_ids is None:
        return accounts
    ids = {row.account_id for row in deployments if row.pk in only.deployment_ids}
    return [row for row in accounts if row.pk in ids]


def _budgets(request: PageRequest, accounts: list[Account], now: datetime) -> dict[str, Any]:
    """Where the budgets stand, and for admins whom one can be set for."""
    told: dict[str, Any] = {
        "budgets": budgets.views(budgets.open_to(request.actor), now, fresh=False),
        "provider_budgets": provider_budgets.of(accounts),
    }
    if request.actor.may(Scope.ADMIN):
        told |= {"budget_people": people(), "budget_keys": key_choices()}
    return told


def _limit(asked: Asked, found: list[BudgetView]) -> Decimal | None:
    """The budget of a month of what is shown: of the chosen deployment, or of the whole panel."""
    if asked.period.key != cost_period.MONTH:
        return None
    scope, slug = ("deployment", asked.deployment.slug) if asked.deployment else ("panel", "")
    rows = (view.budget for view in found if (view.budget.scope, view.target) == (scope, slug))
    return next((row.amount_usd for row in rows if row.period == cost_period.MONTH), None)


def _is_sandbox(labels: Labels) -> bool:
    """True where nobody is billed for anything of it."""
    found = list(labels.deployments.values())
    return bool(found) and all(row.account.is_sandbox for row in found)


def _spent_on(deployment_ids: frozenset[int], spent: Spent) -> Decimal:
    found = (sums for place, sums in spent.sums.items() if place.deployment_id in deployment_ids)
    return sum(found, Sums()).usd["cost"]


def forecast(spent: Spent, period: Period, now: datetime) -> Decimal | None:
    """What a month that runs will have cost at its pace so far; None where that would be guessing."""
    window = spent.window
    share = (now - window.since) / (window.until - window.since)
    if period.key != cost_period.MONTH or not _LEAST_SHARE < share < 1:
        return None
    return spent.total.usd["cost"] / Decimal(str(round(share, 6)))


def _chart(
    asked: Asked, spent: Spent, labels: Labels, now: datetime, *, limit: Decimal | None, ahead: Decimal | None
) -> cost_chart.Chart:
    names: dict[str, Callable[[Place], str]] = {
        "person": labels.person,
        "key": lambda place: _key_words(labels, place),
        "deployment": labels.deployment,
    }
    if asked.split == "part":
        series = cost_chart.by_part(spent.by("day"))
    else:
        series = cost_chart.by_label(spent.sums, names[asked.split])
    period = asked.period
    today = now.astimezone(period.zone).date()
    return cost_chart.chart(
        series, period.first, period.last, today, weeks=period.weeks, limit=limit, forecast=ahead
    )


def _key_words(labels: Labels, place: Place) -> str:
    """Names of keys are short and alike: whose it is stands before."""
    return f"{labels.person(place)}, {labels.key(place)}"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table."""

    place: Place
    sums: Sums
    usd: dict[str, Decimal]
    share: float
    labels: Labels

    @property
    def day(self) -> Any:
        """The day or the Monday."""
        return self.labels.day(self.place)

    @property
    def deployment(self) -> str:
        """Its name."""
        return self.labels.deployment(self.place)

    @property
    def person(self) -> str:
        """Who it is put down to."""
        return self.labels.person(self.place)

    @property
    def key(self) -> str:
        """With which key."""
        return self.labels.key(self.place)

    @property
    def slug(self) -> str:
        """That of the deployment."""
        return self.labels.deployments[self.place.deployment_id].slug


def _table(spent: Spent, labels: Labels, groups: tuple[str, ...]) -> list[Row]:
    whole = spent.total.total
    return [
        Row(place, sums, sums.usd, sums.total / whole if whole else 0, labels)
        for place, sums in spent.by(*groups).items()
    ]

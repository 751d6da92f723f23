"""Budgets: where each stands, and the one question whether something more may be lit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import F, Q, QuerySet

from deployments.ledger.budgeting import Standing, overrun
from deployments.ledger.charges import usd
from deployments.ledger.costs import interval_cost
from deployments.ledger.prices import PriceMissing, Resources
from deployments.ledger.window import Window
from deployments.models import Account, Budget, BudgetScope, Deployment, Lease, Run
from deployments.planning.power import Actor
from deployments.providers.base import scaled

from . import costs, orphan_costs, spend, uses
from .errors import Refused
from .facts import spec_of
from .spend import Filter, Live

# Theirs is a share of what is lit, so that requests have to be read; of a whole server seconds tell enough.
OF_PEOPLE = (BudgetScope.PERSON, BudgetScope.KEY)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants lit, and until when (None: until idle)."""

    deployment: Deployment
    until: datetime | None


def applying(deployment: Deployment, actor: Actor) -> QuerySet[Budget]:
    """The budgets that a start of the actor's would spend from."""
    found = Q(scope=BudgetScope.PANEL) | Q(scope=BudgetScope.DEPLOYMENT, deployment=deployment)
    if actor.user_id is not None:
        found |= Q(scope=BudgetScope.PERSON, user=actor.user_id)
    if actor.key_id is not None:
        found |= Q(scope=BudgetScope.KEY, key_id=actor.key_id)
    return Budget.objects.filter(found).select_related("deployment", "user").order_by("pk")


def standing(budget: Budget, now: datetime, wish: Wish | None = None, known: Live | None = None) -> Standing:
    """Where a budget stands, with what runs counted until now, and open leases (and `wish`) to their ends.

    `known` is what is live around its period, for a person's or a key's, where it was read a moment ago.
    """
    window = budget.window(now)
    claims = [_Claim(lease.deployment, _end(lease), lease.until is not None) for lease in _leases(budget)]
    if wish is not None:
        end = wish.until or now + _boot(wish.deployment)
        claims.append(_Claim(wish.deployment, end, wish.until is not None))
    return Standing(budget.amount_usd, _spent(budget, window, now, known), _reserved(claims, window, now))


def note(budget: Budget, now: datetime, known: Live | None = None) -> Standing:
    """Count it now, and keep that for pages."""
    found = standing(budget, now, known=known)
    Budget.objects.filter(pk=budget.pk).update(
        spent_usd=found.spent_usd, reserved_usd=found.reserved_usd, counted_at=now
    )
    return found


def _spent(budget: Budget, window: Window, now: datetime, known: Live | None) -> Decimal:
    """For the panel and a deployment nobody has to be told apart, so what is lit is priced as a whole."""
    only = _filter(budget)
    if budget.scope in OF_PEOPLE:
        (spent,) = spend.spent_by(window, [()], now, only=only, known=known)
        return spent.total.usd["cost"]
    settled = sum((sums.total for sums in spend.settled(window, (), only).values()), 0)
    runs, books = spend.unsettled(window, only) | spend.lit_ahead(window, only), costs.Books()
    unexplained = orphan_costs.spent_usd(window, books, now, budget.deployment_id)
    lit = sum((_cost(run, window, books, now) for run in runs), Decimal(0))
    return usd(settled) + lit + unexplained


def _cost(run: Run, window: Window, books: costs.Books, now: datetime) -> Decimal:
    """What of a run lies in the window; nothing where a price is missing, which pages say.

    What is lit counts at least the seconds that the looks summed: a clock that was moved back must not make
    the guard forget what was spent already.
    """
    if run.started_at is None:
        return Decimal(0)
    start, end = run.started_at, run.ended_at or now
    if run.ended_at is None:
        looked_at = min(run.last_seen_at or now, now)
        start = min(start, looked_at - timedelta(seconds=run.lit_s))
    start, end = max(start, window.since), min(end, window.until)
    return _held_usd(costs.resources_of(run, run.deployment), run.account, books, start, end)


def _held_usd(
    held: Resources, account: Account, books: costs.Books, start: datetime, end: datetime
) -> Decimal:
    try:
        return interval_cost(held, books.of(account), start, max(start, end)).total_usd
    except PriceMissing:
        return Decimal(0)


def _filter(budget: Budget) -> Filter:
    if budget.scope == BudgetScope.DEPLOYMENT and budget.deployment_id is not None:
        return Filter(frozenset({budget.deployment_id}))
    return Filter(user_id=budget.user_id, key_id=budget.key_id)


def _leases(budget: Budget) -> list[Lease]:
    """The open leases whose time the budget pays for."""
    related = ("account", "live_release", "current_release")
    rows = leases_of(budget).select_related(*(f"deployment__{name}" for name in related))
    return list(rows)


def leases_of(budget: Budget) -> QuerySet[Lease]:
    """The open leases that fall under a budget."""
    rows = Lease.objects.filter(ended_at__isnull=True)
    if budget.scope == BudgetScope.DEPLOYMENT:
        return rows.filter(deployment=budget.deployment_id)
    if budget.scope == BudgetScope.PERSON:
        return rows.filter(holder=budget.user_id)
    return rows.filter(key_id=budget.key_id) if budget.scope == BudgetScope.KEY else rows


@dataclass(frozen=True, slots=True)
class _Claim:
    """Until when a lease reserves, and whether that is a time that somebody chose."""

    deployment: Deployment
    end: datetime
    timed: bool


def _reserved(claims: Sequence[_Claim], window: Window, now: datetime) -> Decimal:
    """What the rest of the claims costs within the window; seconds that several ask for count once."""
    if not claims:
        return Decimal(0)
    lit = _ready({claim.deployment.pk for claim in claims})
    ends: dict[Deployment, datetime] = {}
    for claim in claims:
        if claim.timed or claim.deployment.pk not in lit:
            ends[claim.deployment] = max(ends.get(claim.deployment, now), claim.end)
    books = costs.Books()
    found = (
        _held_usd(costs.resources(spec_of(row), row.account), row.account, books, now, min(end, window.until))
        for row, end in ends.items()
    )
    return sum(found, Decimal(0))


def _end(lease: Lease) -> datetime:
    """A lease until idle reserves its cold start: that much is spent before anybody can use it."""
    return lease.until or lease.created_at + _boot(lease.deployment)


def _boot(deployment: Deployment) -> timedelta:
    return scaled(spec_of(deployment).expected_boot_s, deployment.account.speed)


def _ready(deployment_ids: set[int]) -> set[int]:
    """Those that are past their cold start."""
    rows = Run.objects.filter(deployment__in=deployment_ids, ended_at__isnull=True, ready_at__isnull=False)
    return set(rows.values_list("deployment_id", flat=True))


def check(deployment: Deployment, actor: Actor, now: datetime, wish: Wish | None, *, lock: bool) -> None:
    """Raise Refused `budget_exhausted` where a budget is spent, or would not carry `wish` to its end.

    With `lock`, call it inside the transaction that writes the lease: the budgets' rows are locked, in one
    order, so that of two starts at the limit the second sees what the first one reserved.
    """
    rows = applying(deployment, actor)
    for budget in rows.select_for_update(of=("self",)) if lock else rows:
        found = standing(budget, now, wish)
        if found.exhausted:
            raise _refused(f"{said(budget)} is spent: ${found.spent_usd:.2f} of ${budget.amount_usd:.2f}.")
        if wish is not None and not found.fits:
            need = found.spent_usd + found.reserved_usd
            raise _refused(
                f"{said(budget)} does not carry this: with what is lit and reserved it would be at"
                f" ${need:.2f} of ${budget.amount_usd:.2f}."
            )


def _refused(why: str) -> Refused:
    message = f"{why} An admin can raise it under Costs, or it begins anew with the next period."
    return Refused("budget_exhausted", message, status=409)


@dataclass(frozen=True, slots=True)
class BudgetView:
    """A budget as it is told; its pace spends it at `overrun_at` (None: it lasts, or nobody can tell)."""

    budget: Budget
    target: str
    target_name: str
    standing: Standing
    window: Window
    overrun_at: datetime | None = None

    @property
    def overrun_day(self) -> str:
        """The day on which its pace spends it, in its own zone, short; empty where it lasts."""
        if self.overrun_at is None:
            return ""
        local = self.overrun_at.astimezone(self.window.zone)
        return f"{local:%a} {local.day} {local:%b}"

    @property
    def reserved_percent(self) -> int:
        """The reserved share, as far as it fits beside what is spent."""
        whole = int(self.standing.reserved_usd * 100 / self.budget.amount_usd)
        return max(0, min(whole, 100 - self.spent_percent))

    @property
    def spent_percent(self) -> int:
        """The spent share, at most 100, for a bar."""
        return min(100, self.standing.percent)


def views(rows: QuerySet[Budget], now: datetime, *, fresh: bool = True) -> list[BudgetView]:
    """Budgets with where they stand: counted now, or (not `fresh`) as the last round counted them."""
    # Most budgets are the panel's: what the others name is read where there are such.
    found, shown = [], list(rows.select_related(None).prefetch_related("deployment", "user"))
    keys = uses.key_names(row.key_id for row in shown if row.key_id is not None)
    for row in shown:
        slug = row.deployment.slug if row.deployment is not None else row.user_id or row.key_id or ""
        stands = standing(row, now) if fresh else row.counted
        window = row.window(now)
        ends = overrun(stands, window, now)
        found.append(BudgetView(row, str(slug), target(row, keys), stands, window, ends))
    return found


def open_to(actor: Actor) -> QuerySet[Budget]:
    """The budgets that the actor may see: all, or those of the deployments that a key is limited to."""
    if actor.deployments is None:
        return Budget.objects.all()
    return Budget.objects.filter(deployment__slug__in=actor.deployments)


def told_aloud(now: datetime) -> list[BudgetView]:
    """The budgets of the panel and of deployments of which 80 % or all is spent in the period that runs."""
    of_servers = [BudgetScope.PANEL, BudgetScope.DEPLOYMENT]
    rows = Budget.objects.filter(warned_percent__gte=80, scope__in=of_servers)
    return [view for view in views(rows, now, fresh=False) if view.budget.warned_on == view.window.first_day]


@dataclass(frozen=True, slots=True)
class SpentOut:
    """Whose own limit is reached, by id, as the last round counted."""

    users: frozenset[int] = frozenset()
    keys: frozenset[int] = frozenset()


def spent_out(now: datetime) -> SpentOut:
    """People and keys that may spend nothing more in their period. One query."""
    rows = Budget.objects.filter(scope__in=OF_PEOPLE, spent_usd__gte=F("amount_usd"))
    found = [row for row in rows if row.counted_at and row.counted_at >= row.window(now).since]
    return SpentOut(
        frozenset(row.user_id for row in found if row.user_id is not None),
        frozenset(row.key_id for row in found if row.key_id is not None),
    )


def said(budget: Budget) -> str:
    """Such as "The budget of a month for GLM-5.2 FP8"."""
    return f"The budget of a {budget.period} for {target(budget)}"


def target(budget: Budget, keys: Mapping[int, str] | None = None) -> str:
    """Whose it is, in words. `keys` are names that are read already."""
    if budget.deployment is not None:
        return budget.deployment.name
    if budget.user is not None:
        return budget.user.get_full_name() or budget.user.get_username()
    if budget.key_id is not None:
        known = uses.key_names([budget.key_id]) if keys is None else keys
        return f"the key {known.get(budget.key_id, budget.key_id)}"
    return "the whole panel"

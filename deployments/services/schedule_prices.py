"""What schedules cost, before they are saved."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from deployments.ledger.costs import interval_cost
from deployments.ledger.prices import PriceMissing
from deployments.models import Deployment, Schedule
from deployments.planning.power import Actor
from deployments.planning.windows import Rule, Stretch, merged, occurrences, seconds_of, used_up, within
from deployments.providers.base import scaled

from . import budgets, costs
from .budgets import BudgetView
from .errors import Refused
from .facts import spec_of
from .schedule_facts import lead_of, schedules_of, standing_rules

WEEK = timedelta(days=7)
# A usual week is the mean of this many, so that a week in which the clocks change counts for its share.
WEEKS = 4
_MONTH_WEEKS = Decimal("365.25") / 12 / 7
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Outlook:
    """A budget with the schedules until the end of its present period. `spent_at` is when it would be spent,
    in this period or the next; None where it carries both."""

    view: BudgetView
    needs_usd: Decimal
    spent_at: datetime | None

    @property
    def spent_on(self) -> str:
        """The day in the budget's zone; empty where none."""
        if self.spent_at is None:
            return ""
        local = self.spent_at.astimezone(ZoneInfo(self.view.budget.time_zone))
        return f"{local:%a} {local.day} {local:%b}"


@dataclass(frozen=True, slots=True)
class SchedulePrice:
    """A usual week of one schedule: hours lit, with its boots. USD at the prices of now, all resources.

    `boot` and `tail` are parts of `usd_per_week`: the cold starts, and the last idle window of each opening,
    in which nothing keeps it warm any more. `shared_hours` are lit for other schedules anyway and paid once;
    `added_usd_per_week` is what this one adds. `all_usd_per_week` is what all of the deployment's cost.
    """

    windows_per_week: Decimal
    hours_per_week: Decimal
    usd_per_week: Decimal
    boot_usd_per_week: Decimal
    tail_usd_per_week: Decimal
    shared_hours_per_week: Decimal
    added_usd_per_week: Decimal
    all_usd_per_week: Decimal
    lead_s: float
    price_usd_per_hour: Decimal
    outlooks: tuple[Outlook, ...]
    is_sandbox: bool

    @property
    def usd_per_month(self) -> Decimal:
        """A month of 30.4 days of such weeks."""
        return (self.usd_per_week * _MONTH_WEEKS).quantize(_CENT)

    @property
    def added_usd_per_month(self) -> Decimal:
        """The same of what it adds."""
        return (self.added_usd_per_week * _MONTH_WEEKS).quantize(_CENT)

    @property
    def spent_at(self) -> datetime | None:
        """When the first of the budgets would be spent."""
        return min((one.spent_at for one in self.outlooks if one.spent_at is not None), default=None)


def price(schedule: Schedule, *, actor: Actor, now: datetime) -> SchedulePrice:
    """The price of `schedule`, saved or not, beside the others of its deployment. Raises Refused
    `price_missing`: what cannot be priced is not planned."""
    deployment = schedule.deployment
    others = [row for row in schedules_of(deployment) if row.pk != schedule.pk]
    lead = lead_of(deployment, now)
    rule, rest = replace(schedule.rule(lead), key=0), standing_rules(others, lead)
    per_s = _usd_per_s(deployment, now)
    own, before, both = (_usual(rules, now) for rules in ([rule], rest, [*rest, rule]))
    tail = scaled(spec_of(deployment).idle_window_s, deployment.account.speed).total_seconds()
    rate = per_s * 3600
    hours, added = _hours(own), _hours(both) - _hours(before)
    opened = Decimal(len(own)) / WEEKS
    tails = sum(min(tail, one.seconds) for one in own)
    return SchedulePrice(
        windows_per_week=opened,
        hours_per_week=hours,
        usd_per_week=(hours * rate).quantize(_CENT),
        boot_usd_per_week=(opened * Decimal(lead.total_seconds()) * per_s).quantize(_CENT),
        tail_usd_per_week=(Decimal(str(tails)) / WEEKS * per_s).quantize(_CENT),
        shared_hours_per_week=hours - added,
        added_usd_per_week=(added * rate).quantize(_CENT),
        all_usd_per_week=(_hours(both) * rate).quantize(_CENT),
        lead_s=lead.total_seconds(),
        price_usd_per_hour=rate,
        outlooks=_outlooks(deployment, [*rest, rule], actor, per_s, now),
        is_sandbox=deployment.account.is_sandbox,
    )


def _usd_per_s(deployment: Deployment, now: datetime) -> Decimal:
    held, prices = costs.resources(spec_of(deployment), deployment.account), costs.book(deployment.account)
    try:
        return interval_cost(held, prices, now, now + timedelta(hours=1)).total_usd / 3600
    except PriceMissing as error:
        raise Refused("price_missing", str(error), status=409) from error


def _usual(rules: Sequence[Rule], now: datetime) -> list[Stretch]:
    """The stretches of WEEKS weeks from Monday, as if each rule held for ever and skipped no day."""
    first = (now - timedelta(days=now.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    until = first + WEEKS * WEEK
    always = [replace(rule, valid_from=None, valid_until=None, skips=frozenset()) for rule in rules]
    return within(merged(occurrences(always, first, until)), first, until)


def _hours(stretches: Sequence[Stretch]) -> Decimal:
    return Decimal(str(seconds_of(stretches))) / 3600 / WEEKS


def _outlooks(
    deployment: Deployment, rules: Sequence[Rule], actor: Actor, per_s: Decimal, now: datetime
) -> tuple[Outlook, ...]:
    """What an open lease reserves is counted as left no more, so the schedules count from its end on."""
    open_ = deployment.leases.filter(ended_at__isnull=True, until__gt=now)
    held = [lease.until for lease in open_ if lease.until is not None]
    since = max([now, *held])
    views = budgets.views(budgets.applying(deployment, actor), now)
    return tuple(_outlook(view, rules, per_s, since) for view in views)


def _outlook(view: BudgetView, rules: Sequence[Rule], per_s: Decimal, since: datetime) -> Outlook:
    begins = max(since, view.window.until)
    after = view.budget.window(begins).until
    whole = merged(occurrences(rules, since, after))
    rest, following = within(whole, since, view.window.until), within(whole, begins, after)
    spent_at = used_up(rest, float(view.standing.left_usd / per_s)) or used_up(
        following, float(view.budget.amount_usd / per_s)
    )
    needs = (Decimal(str(seconds_of(rest))) * per_s).quantize(_CENT)
    return Outlook(view, needs, spent_at)

"""A panel without a budget asks its admins for one, once, with an amount that makes sense."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from deployments.ledger.budgeting import suggested_usd
from deployments.ledger.prices import PriceMissing
from deployments.models import Action, Budget, BudgetScope, Deployment
from deployments.planning.power import Actor, Scope

from . import audit, costs
from .errors import not_allowed
from .facts import spec_of

WAIVED = "budget_waived"
_HOURS = 2


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked: an amount a month, for so many hours of a deployment on each weekday."""

    amount_usd: Decimal
    usd_per_hour: Decimal
    hours: int
    deployment_name: str


def is_open() -> bool:
    """True where the panel has no budget, and nobody said that it is to have none. At most two queries."""
    if Budget.objects.filter(scope=BudgetScope.PANEL).exists():
        return False
    return not Action.objects.filter(verb=WAIVED).exists()


def ask(actor: Actor, now: datetime) -> Ask | None:
    """What an admin is asked for; None where nothing is to be asked, or nothing is known to reckon with."""
    if not _may(actor) or not is_open():
        return None
    rows = Deployment.objects.filter(archived_at__isnull=True).order_by("pk")
    row = rows.select_related("account", "live_release", "current_release").first()
    if row is None:
        return None
    try:
        held = costs.resources(spec_of(row), row.account)
        usd_per_hour = costs.book(row.account).whole_usd_per_hour(held, now)
    except PriceMissing:
        return None
    return Ask(suggested_usd(usd_per_hour, hours=_HOURS), usd_per_hour, _HOURS, row.name)


def waive(*, actor: Actor) -> None:
    """Note that the panel goes without a budget. Safe to repeat. Raises Refused not_allowed."""
    if not _may(actor):
        raise not_allowed("Going without a budget needs an admin.")
    if is_open():
        words = f"{actor.name} lets the panel go without a budget, {timezone.now():%-d %B %Y}."
        audit.record(actor, WAIVED, summary=words)


def _may(actor: Actor) -> bool:
    return actor.may(Scope.ADMIN) and actor.deployments is None

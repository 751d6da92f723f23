"""Setting and taking away budgets, for admins."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from deployments.models import Budget, BudgetScope, Deployment, Period
from deployments.planning.power import Actor, Scope

from . import audit, uses
from .budgets import note, said
from .errors import bad_field, not_allowed

# What the record says of a budget that was changed.
_TOLD = ("amount_usd", "time_zone", "grace_s")


@dataclass(frozen=True, slots=True)
class Limit:
    """A budget as it is asked for. `target` is a slug, or the id of a user or a key, empty for the panel."""

    scope: str
    target: str
    period: str
    time_zone: str
    amount_usd: Decimal
    grace_s: int = 60


def put(limit: Limit, *, actor: Actor) -> Budget:
    """Set the budget of this target and period: a new one, or a new amount. What was told is told anew.

    Raises Refused: not_allowed; invalid naming the field.
    """
    _may(actor)
    names = _named(limit)
    fields = {
        "amount_usd": limit.amount_usd, "time_zone": limit.time_zone, "grace_s": limit.grace_s,
        "set_at": timezone.now(), "set_by_name": actor.name, "warned_percent": 0, "warned_on": None,
        "overrun_told_on": None,
    }  # fmt: skip
    _check(Budget(**names, **fields))
    with transaction.atomic():
        old = Budget.objects.filter(**names).first()
        before = {name: getattr(old, name) for name in _TOLD} if old is not None else {}
        budget, _ = Budget.objects.update_or_create(**names, defaults=fields)
        audit.record(
            actor, "budget", deployment=budget.deployment, usd=budget.amount_usd,
            summary=f"{actor.name} set: {said(budget)} is ${budget.amount_usd:.2f}.",
            details=audit.changed(before, {name: fields[name] for name in _TOLD}),
        )  # fmt: skip
    note(budget, timezone.now())
    return budget


def remove(budget_id: int, *, actor: Actor) -> None:
    """Take a budget away. One that is gone is no error."""
    _may(actor)
    with transaction.atomic():
        budget = Budget.objects.select_related("deployment", "user").filter(pk=budget_id).first()
        if budget is not None:
            audit.record(
                actor,
                "budget",
                deployment=budget.deployment,
                summary=f"{actor.name} removed: {said(budget)}.",
                details={"amount_usd": {"before": budget.amount_usd, "after": None}},
            )
            budget.delete()


def _may(actor: Actor) -> None:
    if not actor.may(Scope.ADMIN) or actor.deployments is not None:
        raise not_allowed("Budgets need an admin.")


def _named(limit: Limit) -> dict[str, Any]:
    if limit.scope not in BudgetScope.values:
        raise bad_field("scope", f"Use one of {', '.join(BudgetScope.values)}.")
    if limit.period not in Period.values:
        raise bad_field("period", f"Use one of {', '.join(Period.values)}.")
    found: dict[str, Any] = {"scope": limit.scope, "period": limit.period}
    found |= {"deployment": None, "user": None, "key_id": None}
    if limit.scope == BudgetScope.PANEL:
        return found
    name = {"deployment": "deployment", "person": "user", "key": "key_id"}[limit.scope]
    return found | {name: _target(limit)}


def _target(limit: Limit) -> Any:
    text = limit.target
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0
    found: Any = None
    if limit.scope == BudgetScope.DEPLOYMENT:
        found = Deployment.objects.filter(slug=text, archived_at__isnull=True).first()
    elif limit.scope == BudgetScope.PERSON:
        found = get_user_model().objects.filter(pk=number).first()
    elif number in uses.key_names([number]):
        found = number
    if not found:
        raise bad_field("target", f"There is no such {limit.scope}.")
    return found


def _check(budget: Budget) -> None:
    try:
        budget.clean_fields(exclude=["set_by_name"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise bad_field(field, " ".join(messages)) from error

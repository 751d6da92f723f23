"""Every few seconds: count each budget, tell its thresholds, and put out what is beyond its limit."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from django.db import transaction
from django.utils import timezone

from deployments.ledger.budgeting import Standing, day_words, overrun
from deployments.ledger.window import Window
from deployments.models import Budget, BudgetScope, Cause, Deployment, Lease, LeaseEnd, Run, StopKind
from deployments.planning.power import SYSTEM

from . import audit, enqueue, notify, orphans, spend
from .budgets import OF_PEOPLE, leases_of, note, said
from .carry_out import begin_stop
from .locking import locked
from .spend import Filter, Live

log = structlog.get_logger(__name__)

BY = "a budget"
# No period is longer than a month, and no zone further than a day.
_AROUND, _FRESH = timedelta(days=33), timedelta(seconds=2)
_SPENT = "What it pays for is being put out, and stays out until an admin raises it."


def go_round(*, now: datetime | None = None) -> bool:
    """Safe to repeat and in several processes: each put-out and each warning is written once.

    True where every budget could be counted.
    """
    well, live = True, _LiveOfPeople()
    for budget in Budget.objects.select_related("deployment", "user"):
        try:
            at = now or timezone.now()  # each at its moment: a database under load takes seconds
            _one(budget, at, live.at(at) if budget.scope in OF_PEOPLE else None)
        except Exception:  # the loop's edge: one bad budget must not let the others' servers burn
            log.exception("budget.failed", budget=budget.pk)
            well = False
    return well


class _LiveOfPeople:
    """What is live, with all its requests, read once for the budgets of many people and keys: for a busy
    server that takes a second, and it is the same for each of them. Read again where a round takes long."""

    def __init__(self) -> None:
        self.read_at: datetime | None = None
        self.known = Live([], {})

    def at(self, now: datetime) -> Live:
        """What is live in the periods that run, at most `_FRESH` old, and settled by nobody meanwhile."""
        if self.read_at is None or not timedelta() <= now - self.read_at <= _FRESH or self._settled():
            around = Window.between(now - _AROUND, now + _AROUND, ZoneInfo("UTC"))
            self.read_at, self.known = now, spend.live(around, Filter(), now)
        return self.known

    def _settled(self) -> bool:
        """True where some of it would be counted twice."""
        ended = [run.pk for run in self.known.runs if run.ended_at is not None]
        return bool(ended) and Run.objects.filter(pk__in=ended, settled_at__isnull=False).exists()


def _one(budget: Budget, now: datetime, live: Live | None) -> None:
    """What has to go out goes out before anybody is told."""
    found = note(budget, now, live)
    if found.exhausted:
        _put_out(budget, now)
        if budget.scope in (BudgetScope.PANEL, BudgetScope.DEPLOYMENT):
            orphans.order_ours_out(BY, now, deployment_id=budget.deployment_id)
    _warn(budget, found, now)
    _warn_of_overrun(budget, found, now)


def _warn(budget: Budget, found: Standing, now: datetime) -> None:
    """A threshold that is reached for the first time in this period: one line of the record, one notice."""
    begun = budget.window(now).first_day
    before = budget.warned_percent if budget.warned_on == begun else 0
    if found.threshold <= before:
        return
    rows = Budget.objects.filter(
        pk=budget.pk, warned_percent=budget.warned_percent, warned_on=budget.warned_on
    )
    words = f"{said(budget)} is at {found.percent} %: ${found.spent_usd:.2f} of ${budget.amount_usd:.2f}."
    with transaction.atomic():
        if not rows.update(warned_percent=found.threshold, warned_on=begun):
            return  # another process told it
        audit.record(SYSTEM, "budget", deployment=budget.deployment, summary=words)
        _tell("budget", budget, words, found, more=_SPENT if found.exhausted else "")


def _warn_of_overrun(budget: Budget, found: Standing, now: datetime) -> None:
    """That its pace passes it before it begins anew: once in a period, and not where it is spent anyway."""
    window = budget.window(now)
    when = overrun(found, window, now)
    if when is None or budget.overrun_told_on == window.first_day:
        return
    rows = Budget.objects.filter(pk=budget.pk, overrun_told_on=budget.overrun_told_on)
    words = f"At this pace {_lowered(said(budget))} is spent on {day_words(when, window.zone)}"
    words += f": ${found.spent_usd:.2f} of ${budget.amount_usd:.2f} so far."
    with transaction.atomic():
        if rows.update(overrun_told_on=window.first_day):
            audit.record(SYSTEM, "budget", deployment=budget.deployment, summary=words)
            _tell("forecast", budget, words, found, more="At its limit it puts out what it pays for.")


def _lowered(words: str) -> str:
    return words[:1].lower() + words[1:]


def _tell(kind: str, budget: Budget, words: str, found: Standing, *, more: str) -> None:
    """To the admins, and to the person whose budget it is."""
    own = [budget.user.email] if budget.user is not None else []
    facts = {
        "scope": budget.scope,
        "period": budget.period,
        "amount_usd": f"{budget.amount_usd:.2f}",
        "spent_usd": f"{found.spent_usd:.2f}",
        "percent": found.percent,
    }
    notify.tell(kind, words, more=more, deployment=budget.deployment, also_to=own, facts=facts)


def _put_out(budget: Budget, now: datetime) -> None:
    """End the leases it pays for, and put out what nobody else pays for."""
    for deployment_id in _lit_by(budget):
        with transaction.atomic():
            deployment = locked(deployment_id)
            ended = leases_of(budget).filter(deployment=deployment_id)
            changed = ended.update(ended_at=now, end_reason=LeaseEnd.BUDGET)
            if _others_pay(budget, deployment):
                continue
            stopped = bool(deployment.app_id) and begin_stop(
                deployment, kind=StopKind.SLEEP, reason="budget", by=BY, now=now,
                drain=timedelta(seconds=budget.grace_s),
            )  # fmt: skip
            if changed or stopped:
                _record(budget, deployment)
                enqueue.reconcile_soon(deployment_id)


def _lit_by(budget: Budget) -> list[int]:
    """The deployments that a spent budget has something lit at, or on its way."""
    found = set(leases_of(budget).values_list("deployment_id", flat=True))
    if budget.scope in (BudgetScope.PANEL, BudgetScope.DEPLOYMENT):
        runs = Run.objects.filter(ended_at__isnull=True).exclude(cause=Cause.DOWNLOAD)
        if budget.deployment_id is not None:
            runs = runs.filter(deployment=budget.deployment_id)
        found |= set(runs.filter(deployment__stop_kind="").values_list("deployment_id", flat=True))
    return sorted(found)


def _others_pay(budget: Budget, deployment: Deployment) -> bool:
    """A person's or a key's limit leaves lit what somebody else holds."""
    if budget.scope in (BudgetScope.PANEL, BudgetScope.DEPLOYMENT):
        return False
    return Lease.objects.filter(deployment=deployment, ended_at__isnull=True).exists()


def _record(budget: Budget, deployment: Deployment) -> None:
    audit.record(
        SYSTEM,
        "budget",
        deployment=deployment,
        summary=f"{said(budget)} is spent: {deployment.name} is put out, drained for {budget.grace_s} s.",
        usd=budget.amount_usd,
    )

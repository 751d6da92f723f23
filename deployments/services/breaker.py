"""The breaker: a start that went wrong is put out and stays out until a person starts it again."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from deployments.ledger.prices import PriceMissing
from deployments.models import (
    OPEN_DEPLOYS,
    OPEN_WAKES,
    AutoRollback,
    Cause,
    Deploy,
    Deployment,
    DeployStatus,
    Lease,
    LeaseEnd,
    Run,
    StopKind,
    Wake,
    WakeStatus,
    Wanted,
)
from deployments.planning.decide import Break
from deployments.planning.power import SYSTEM

from . import audit, auto_rollback, costs, diagnosing, enqueue, findings, notify, telling_runs
from .locking import locked
from .use import holders_of

TITLES = {
    Break.BOOT_REPEATED: "It started a second time before it was ready",
    Break.BOOT_DIED: "The engine died before it was ready",
    Break.BOOT_TIMEOUT: "It was not ready in time",
    Break.NO_CAPACITY: "The provider had no machine for it",
    Break.ENGINE_DIED: "The engine died",
    Break.DEPLOY_FAILED: "The deploy failed",
    Break.WAKE_FAILED: "The provider refused to wake it",
}


def open_breaker(
    deployment: Deployment, *, reason: str, run_id: int | None, now: datetime, text: str = ""
) -> bool:
    """Turn the deployment off, end its leases as failed, close its wake and deploy. False where it is open
    already. Where the deployment is set so, go back to the last release that was ready. One transaction: a
    worker that dies here leaves all of it or nothing."""
    run = Run.objects.filter(pk=run_id).first() if run_id is not None else None
    if reason in (Break.BOOT_REPEATED, Break.WAKE_FAILED) and (died := _died_booting(deployment)) is not None:
        reason, run, text = Break.BOOT_DIED, died, died.engine_error
    text = text or (run.engine_error if run is not None else "")
    with transaction.atomic():
        row = locked(deployment.pk)
        turned_off = row.wanted == Wanted.OFF  # by somebody, since this was decided
        opened = Deployment.objects.filter(pk=deployment.pk, breaker_opened_at__isnull=True).update(
            breaker_opened_at=now,
            breaker_reason=reason,
            breaker_text=text[:4000],
            breaker_run=run,
            wanted=Wanted.OFF,
            restoring=None,
            stop_clear_since=None,
            **({} if _is_being_turned_off(row) else _stop(now)),
        )
        if not opened:
            return False
        holders = holders_of(deployment, now)
        _end_what_is_open(deployment, text, now)
        audit.record(
            SYSTEM,
            "breaker",
            deployment=deployment,
            summary=f"{deployment.name} was turned off: {title(reason)}.",
            details={"reason": reason, "text": text[:500]},
        )
        diagnosing.at_break(deployment, reason, run, text, now)
        failure = auto_rollback.Failure(reason, run, text, holders, turned_off)
        went_back = auto_rollback.go_back(locked(deployment.pk), failure, now)
        _tell(deployment, failure, went_back, now)
        enqueue.reconcile_soon(deployment.pk)
    return True


def _is_being_turned_off(deployment: Deployment) -> bool:
    """Whether somebody's own turn-off is under way: that order stands, with their name and their reason."""
    return deployment.stop_kind == StopKind.OFF and deployment.stop_by not in ("", SYSTEM.name)


def _stop(now: datetime) -> dict[str, Any]:
    return {
        "stop_kind": StopKind.OFF, "stop_requested_at": now, "stop_by": SYSTEM.name,
        "stop_reason": "failed", "stop_hard_at": now,
    }  # fmt: skip


def _died_booting(deployment: Deployment) -> Run | None:
    """The first run of this wake whose engine said that it died: the reason, whatever was seen first. The
    provider starts it again at once, so it may be its second container, or the answer to the wake."""
    wake = Wake.objects.filter(deployment=deployment, status__in=OPEN_WAKES).first()
    if wake is None:
        return None
    runs = deployment.runs.filter(first_seen_at__gte=wake.created_at, ready_at__isnull=True)
    return runs.filter(engine_died_at__isnull=False).exclude(cause=Cause.DOWNLOAD).last()


def _end_what_is_open(deployment: Deployment, text: str, now: datetime) -> None:
    Lease.objects.filter(deployment=deployment, ended_at__isnull=True).update(
        ended_at=now, end_reason=LeaseEnd.FAILED
    )
    Wake.objects.filter(deployment=deployment, status__in=OPEN_WAKES).update(
        status=WakeStatus.FAILED, finished_at=now, error=text[:2000]
    )
    Deploy.objects.filter(deployment=deployment, status__in=OPEN_DEPLOYS).update(
        status=DeployStatus.FAILED, finished_at=now
    )


def _tell(
    deployment: Deployment, failure: auto_rollback.Failure, went_back: AutoRollback | None, now: datetime
) -> None:
    """What went wrong, what it burned so far, what the panel did, and that nothing lights it by itself."""
    burned = _burned_usd(failure.run, deployment, now)
    card = findings.of_break(deployment, failure.run, now)
    facts: dict[str, object] = {
        "reason": failure.reason,
        "burned_usd": None if burned is None else f"{burned:.2f}",
        "diagnosis": telling_runs.of_diagnosis(card) if card is not None else None,
    }
    facts |= telling_runs.facts_of(failure.run, deployment, now)
    words = f"{deployment.name} was turned off: {title(failure.reason)}."
    more = "It stays out until a person starts it again."
    if went_back is not None:
        more = f"{auto_rollback.told(went_back)} {auto_rollback.fate(went_back)}"
        facts |= {"went_back_to": str(went_back.back_to.number), "release": str(went_back.made.number)}
    if burned:
        more = f"It burned ${burned:.2f} until now. {more}"
    if card is not None:
        more = f"{card.title}. {card.cause} {card.remedy} {more}"
    told = [card.evidence] if card is not None and card.evidence else failure.text.strip().splitlines()[-1:]
    if told:
        more += f" {'The line' if card is not None else 'The last it said'}: {told[0][:300]}"
    notify.tell("failed", words, more=more, deployment=deployment, facts=facts)


def _burned_usd(run: Run | None, deployment: Deployment, now: datetime) -> Decimal | None:
    """What the run cost until now; None where there is none, or a price is missing."""
    if run is None or run.started_at is None:
        return None
    try:
        return costs.cost_of(run, deployment, run.ended_at or now, costs.book(deployment.account)).total_usd
    except PriceMissing:
        return None


def title(reason: str) -> str:
    """The plain words of a breaker's reason."""
    return TITLES.get(Break(reason), reason) if reason in set(Break) else reason

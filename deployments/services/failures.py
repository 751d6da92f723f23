"""What a person is told when the panel put a server out."""

from datetime import datetime
from decimal import Decimal

from deployments.ledger.prices import PriceBook
from deployments.models import Cause, Deployment, Run

from . import findings, runs
from .breaker import title
from .views import DiagnosisView, FailureView

# Failures of one start lie within this many runs; its first attempts count as burned too.
CAUSES = {
    "boot_repeated": "Its container ended before it was ready, and the provider began another one.",
    "boot_died": "The engine ended before it could answer. Its log says why.",
    "boot_timeout": "It took more than three times as long as a start usually takes.",
    "no_capacity": "The provider had no machine with these GPUs. Queued time is not billed (assumed).",
    "engine_died": "The engine ended while it was lit. Its log says why.",
    "deploy_failed": "The provider did not accept the deploy. Nothing was lit.",
    "wake_failed": "The request that wakes it was refused.",
}


def failure_of(deployment: Deployment, prices: PriceBook, now: datetime) -> FailureView | None:
    """The failure that keeps a deployment out, with its evidence and what was burned; None without one."""
    if deployment.breaker_opened_at is None:
        return None
    run = deployment.breaker_run
    return FailureView(
        reason=deployment.breaker_reason,
        title=title(deployment.breaker_reason),
        text=CAUSES.get(deployment.breaker_reason, ""),
        evidence=_evidence(deployment),
        at=deployment.breaker_opened_at,
        burned_usd=_burned(deployment, prices, now),
        run_id=run.pk if run is not None else None,
        diagnosis=_diagnosis(deployment),
    )


def _diagnosis(deployment: Deployment) -> DiagnosisView | None:
    """Of the failed run, else of another life of its lease; of the deploy or the wake where there is no run.
    What is no error is told beside a run, and not as what keeps it out."""
    for life in _lives(deployment):
        found = [row for row in deployment.told_findings if row.run_id == life.pk]
        if card := findings.why_it_failed(found, deployment):
            return card
    opened = deployment.breaker_opened_at
    loose = [row for row in deployment.told_findings if row.run_id is None and opened and row.at >= opened]
    return findings.why_it_failed(loose, deployment)


def _evidence(deployment: Deployment) -> str:
    """The line that says why: of the failed run, else of an earlier life of the same lease (a second start is
    seen before it dies as the first one did), else the words of the breaker."""
    told = [life.engine_error for life in _lives(deployment) if life.engine_error]
    return told[0] if told else deployment.breaker_text


def _lives(deployment: Deployment) -> list[Run]:
    """The run that failed, then the others of its lease, and those that the provider began after it while the
    panel was ending it."""
    run = deployment.breaker_run
    if run is None:
        return []
    known = [*deployment.recent_runs, *deployment.open_runs]
    return [run, *(life for life in known if life.pk != run.pk and _belongs(life, run))]


def _belongs(life: Run, run: Run) -> bool:
    same_lease = run.lease_id is not None and life.lease_id == run.lease_id
    after = life.first_seen_at >= run.first_seen_at and life.cause != Cause.DOWNLOAD
    return same_lease or after


def _burned(deployment: Deployment, prices: PriceBook, now: datetime) -> Decimal:
    """The cost of the runs of the lease that failed; of the failed run alone where it had no lease."""
    total = Decimal(0)
    for life in _lives(deployment):
        live = runs.live_cost(life, deployment, life.ended_at or now, prices).total_usd
        total += life.cost_usd if life.cost_usd is not None else live
    return total

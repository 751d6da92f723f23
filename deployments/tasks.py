"""Celery tasks: thin, idempotent, each safe to run twice or never. The truth is in the database."""

from datetime import timedelta

import structlog
from celery import shared_task
from django.utils import timezone

from deployments.models import (
    Account,
    Deployment,
    ErrorSource,
    Heartbeat,
    IdempotencyRecord,
    InFlight,
    Notice,
    Sample,
)
from deployments.services import (
    bills,
    budget_round,
    deadman,
    delivering,
    deploys,
    health,
    judging,
    kept_errors,
    prices,
    retention,
    retiring,
    rolling,
    schedule_round,
    settle,
    wakes,
)
from deployments.services import observe as observing
from deployments.services import reconcile as reconciling
from deployments.services import warm_up as warming
from deployments.services.kept_errors import words_of

log = structlog.get_logger(__name__)

SAMPLES_KEPT = timedelta(days=30)
NOTICES_KEPT = timedelta(days=400)  # longer than what is told once in a year
ANSWERS_KEPT = timedelta(days=1)


@shared_task(name="deployments.tasks.reconcile")
def reconcile(deployment_id: int) -> None:
    """Close the difference for one deployment."""
    reconciling.reconcile(deployment_id)


@shared_task(name="deployments.tasks.reconcile_all")
def reconcile_all() -> None:
    """The round that makes a lost message cost one period."""
    well = True
    everything = list(Deployment.objects.filter(archived_at__isnull=True).values_list("pk", flat=True))
    for deployment_id in reconciling.due(everything):
        try:
            reconciling.reconcile(deployment_id)
        except Exception as error:  # the loop's edge: one bad deployment must not stop the others
            log.exception("reconcile.failed", deployment=deployment_id)
            kept_errors.keep(ErrorSource.TASK, f"reconcile deployment {deployment_id}", words_of(error))
            well = False
    if well:
        deadman.note(deadman.RECONCILED, timezone.now())


@shared_task(name="deployments.tasks.observe")
def observe(account_id: int) -> None:
    """Look at one account now."""
    observing.observe(account_id, force=True)
    _reconcile_moving(account_id)


@shared_task(name="deployments.tasks.observe_all")
def observe_all() -> None:
    """Look at every account for which a look is due."""
    for account_id in Account.objects.values_list("pk", flat=True):
        try:
            if observing.observe(account_id):
                _reconcile_moving(account_id)
        except Exception as error:  # the loop's edge
            log.exception("observe.failed", account=account_id)
            kept_errors.keep(ErrorSource.TASK, f"observe account {account_id}", words_of(error))


def _reconcile_moving(account_id: int) -> None:
    """What was seen may call for a step: do not wait for the next round."""
    account = Account.objects.get(pk=account_id)
    moving = list(observing.moving(account).values_list("pk", flat=True).distinct())
    for deployment_id in reconciling.due(moving):
        reconciling.reconcile(deployment_id)


@shared_task(name="deployments.tasks.run_deploy")
def run_deploy(deploy_id: int) -> None:
    """Bring a release to the provider."""
    deploys.run_deploy(deploy_id)


@shared_task(name="deployments.tasks.hop_wake")
def hop_wake(wake_id: int) -> None:
    """Send a wake, or carry it on by one hop."""
    wakes.hop(wake_id)


@shared_task(name="deployments.tasks.warm_up")
def warm_up(run_id: int) -> None:
    """Send the first requests of a server that is ready."""
    warming.warm_up(run_id)


@shared_task(name="deployments.tasks.heartbeat")
def heartbeat() -> None:
    """Say that a worker lives and beat speaks to it."""
    Heartbeat.objects.update_or_create(name="worker", defaults={"at": timezone.now()})


@shared_task(name="deployments.tasks.heartbeat_of_deploys")
def heartbeat_of_deploys() -> None:
    """Say that a worker takes deploys and wakes."""
    Heartbeat.objects.update_or_create(name="deploy worker", defaults={"at": timezone.now()})


@shared_task(name="deployments.tasks.settle")
def settle_ended() -> None:
    """Put the dollars of ended runs down to people and keys."""
    settle.settle_ended()


@shared_task(name="deployments.tasks.judge_starts")
def judge_starts() -> None:
    """Compare starts that became ready with those before them."""
    judging.judge_due()


@shared_task(name="deployments.tasks.refresh_prices")
def refresh_prices() -> None:
    """Ask the accounts for their own rates, once a day each."""
    prices.refresh_due()


@shared_task(name="deployments.tasks.budgets")
def budgets() -> None:
    """Count the budgets, and put out what is beyond them."""
    if budget_round.go_round():
        deadman.note(deadman.BUDGETED, timezone.now())


@shared_task(name="deployments.tasks.deadman")
def call_deadman() -> None:
    """Tell the outside that the panel looks after what is lit."""
    deadman.call()


@shared_task(name="deployments.tasks.bills")
def fetch_bills() -> None:
    """Read the providers' reports and budgets where that is due."""
    bills.fetch_due()


@shared_task(name="deployments.tasks.revoke_tokens")
def revoke_tokens() -> None:
    """Revoke proxy tokens that were replaced and that nothing holds any more."""
    retiring.go_round()


@shared_task(name="deployments.tasks.deliver")
def deliver() -> None:
    """Send what people are to be told."""
    delivering.deliver_due()


@shared_task(name="deployments.tasks.schedules")
def schedules() -> None:
    """Open the windows of schedules, and follow their changes."""
    schedule_round.go_round()


@shared_task(name="deployments.tasks.roll_up")
def roll_up() -> None:
    """Roll up what was measured."""
    rolling.roll_up()


@shared_task(name="deployments.tasks.judge")
def judge() -> None:
    """Say which lit servers' requests fail."""
    health.go_round()


@shared_task(name="deployments.tasks.prune")
def prune() -> None:
    """Drop what is past its time: old samples, dead gateways' rows, remembered answers."""
    now = timezone.now()
    Sample.objects.filter(at__lt=now - SAMPLES_KEPT).delete()
    InFlight.objects.filter(updated_at__lt=now - timedelta(hours=1)).delete()
    Notice.objects.filter(at__lt=now - NOTICES_KEPT).delete()
    IdempotencyRecord.objects.filter(created_at__lt=now - ANSWERS_KEPT).delete()
    Heartbeat.objects.filter(name__startswith=deadman.GATEWAY, at__lt=now - timedelta(hours=1)).delete()
    kept_errors.prune(now)


@shared_task(name="deployments.tasks.prune_lines")
def prune_lines() -> None:
    """Let old log lines go."""
    retention.prune_lines(timezone.now())

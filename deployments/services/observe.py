"""Looking at the provider's control plane, at no cost and without touching a container (law 1)."""

from datetime import datetime, timedelta

import structlog
from django.db.models import Q, QuerySet
from django.utils import timezone

from deployments.models import (
    OPEN_DEPLOYS,
    OPEN_DOWNLOADS,
    OPEN_WAKES,
    Account,
    Cause,
    Deployment,
    Lease,
    Run,
    StopKind,
    Wanted,
)
from deployments.providers.base import ContainerFacts, NotDeployed, Provider, ProviderError, scaled
from deployments.providers.registry import provider_for

from . import reading, sightings
from .facts import QUIET_S, spec_of
from .use import in_flight
from .weights import look_for_weights

log = structlog.get_logger(__name__)

CLAIM = timedelta(seconds=90)
# An app's own existence is asked this often, in the provider's time.
APP_CHECK_S = 120.0


def observe(account_id: int, *, now: datetime | None = None, force: bool = False) -> bool:
    """Look at one account if a look is due (or `force`); False where it is not, or another worker looks.

    One container list serves every deployment of the account; stats and logs are read for what is lit.
    A provider that cannot be read makes the account blind, with the instant and its words.
    """
    now = now or timezone.now()
    account = Account.objects.get(pk=account_id)
    if not (force or _due(account, now)) or not _claim(account, now):
        return False
    provider = provider_for(account)
    try:
        _look(account, provider, now)
    except ProviderError as error:
        _blind(account, error, now)
    finally:
        Account.objects.filter(pk=account_id).update(observe_claimed_until=None)
    return True


def _due(account: Account, now: datetime) -> bool:
    if account.seen_at is None or account.blind_since is not None or moving(account).exists():
        return True
    return now >= account.seen_at + scaled(QUIET_S, account.speed)


def moving(account: Account) -> QuerySet[Deployment]:
    """The account's deployments in which something is lit, being lit, or being put out."""
    return Deployment.objects.filter(account=account, archived_at__isnull=True).filter(
        Q(pk__in=Run.objects.filter(ended_at__isnull=True, account=account).values("deployment"))
        | Q(pk__in=Lease.objects.filter(ended_at__isnull=True).values("deployment"))
        | Q(wakes__status__in=OPEN_WAKES)
        | Q(deploys__status__in=OPEN_DEPLOYS)
        | Q(downloads__status__in=OPEN_DOWNLOADS)
        | ~Q(stop_kind=StopKind.NONE)
    )


def _claim(account: Account, now: datetime) -> bool:
    free = Q(observe_claimed_until__isnull=True) | Q(observe_claimed_until__lt=now)
    return Account.objects.filter(free, pk=account.pk).update(observe_claimed_until=now + CLAIM) == 1


def _blind(account: Account, error: ProviderError, now: datetime) -> None:
    log.warning("observe.blind", account=account.name, error=error.message)
    Account.objects.filter(pk=account.pk).update(last_error=error.message[:2000])
    Account.objects.filter(pk=account.pk, blind_since__isnull=True).update(blind_since=now)


def _look(account: Account, provider: Provider, now: datetime) -> None:
    containers = provider.containers()
    deployments = list(
        Deployment.objects.filter(account=account, archived_at__isnull=True).select_related(
            "account", "current_release", "live_release"
        )
    )
    for deployment in deployments:
        _look_at(deployment, containers, provider, now)
    Account.objects.filter(pk=account.pk).update(seen_at=now, blind_since=None, last_error="")


def _look_at(
    deployment: Deployment, containers: list[ContainerFacts], provider: Provider, now: datetime
) -> None:
    app_name = spec_of(deployment).app_name
    _check_app(deployment, app_name, provider, now)
    mine = [c for c in containers if c.app_id == deployment.app_id or c.app_name == app_name]
    runs = sightings.see(deployment, mine, now)
    if runs or deployment.log_cursor is not None:
        reading.read_logs(deployment, runs, provider, now)
        sightings.amend_deaths(deployment, now)
        sightings.end_missing(deployment, mine, provider, now)
    backlog, running = _stats(deployment, app_name, bool(runs), provider)
    _note_use(deployment, runs, running, now)
    Deployment.objects.filter(pk=deployment.pk).update(
        observed_at=now, backlog=backlog, running_inputs=running
    )
    if not runs:
        look_for_weights(deployment, provider, now)


def _check_app(deployment: Deployment, app_name: str, provider: Provider, now: datetime) -> None:
    """Learn that the app was turned off, or deployed, by somebody else. Asked seldom: it changes seldom."""
    if deployment.wanted == Wanted.OFF and not deployment.app_id:
        return
    asked = deployment.app_checked_at
    if asked is not None and now < asked + scaled(APP_CHECK_S, deployment.account.speed):
        return
    if deployment.deploys.filter(status__in=OPEN_DEPLOYS).exists():
        return
    there = provider.find_app(app_name)
    rows = Deployment.objects.filter(pk=deployment.pk, app_id=deployment.app_id)
    rows.update(app_checked_at=now)
    if there is None and deployment.app_id:
        rows.update(app_id="", endpoint_url="", live_release=None)
        deployment.app_id, deployment.live_release = "", None
    elif there is not None and there.app_id == deployment.app_id:
        rows.update(endpoint_url=there.endpoint_url)


def _stats(deployment: Deployment, app_name: str, lit: bool, provider: Provider) -> tuple[int, int]:
    """Backlog and running inputs; asked only where something is lit or is being put out."""
    held = deployment.leases.filter(ended_at__isnull=True).exists()
    if not deployment.app_id or not (lit or held or deployment.stop_kind or deployment.wakes_open()):
        return 0, 0
    try:
        stats = provider.stats(app_name)
    except NotDeployed:
        return 0, 0
    return stats.backlog, stats.running_inputs


def _note_use(deployment: Deployment, runs: list[Run], running: int, now: datetime) -> None:
    """Count the seconds since the last look as busy where a request was being worked on."""
    ready = next((run for run in runs if run.ready_at is not None and run.cause != Cause.DOWNLOAD), None)
    if ready is None or ready.ready_at is None or not (running or in_flight(deployment, now)):
        return
    since = max(ready.ready_at, deployment.observed_at or now)
    busy_s = max(0.0, (now - since).total_seconds())
    Run.objects.filter(pk=ready.pk).update(busy_s=ready.busy_s + busy_s)
    Deployment.objects.filter(pk=deployment.pk).update(last_use_at=now)


def note_ready(deployment_id: int, now: datetime) -> None:
    """The server answered: its run is ready, whether or not its log line has come."""
    run = (
        Run.objects.filter(deployment_id=deployment_id, ended_at__isnull=True, ready_at__isnull=True)
        .exclude(cause=Cause.DOWNLOAD)
        .last()
    )
    if run is not None:
        reading.mark_ready(run, now)

"""Looking at the provider's control plane, at no cost and without touching a container (law 1)."""

from datetime import datetime, timedelta

import structlog
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from deployments.models import (
    OPEN_DEPLOYS,
    OPEN_DOWNLOADS,
    OPEN_WAKES,
    Account,
    Cause,
    Deployment,
    ErrorSource,
    Lease,
    Run,
    StopKind,
    Wanted,
)
from deployments.providers.base import ContainerFacts, NotDeployed, Provider, ProviderError, scaled
from deployments.providers.registry import provider_for

from . import kept_errors, look_gaps, notify, orphans, reading, sightings
from .allowed import BLIND_LIMIT
from .claims import Claim, LostClaim, guarded
from .facts import QUIET_S, app_name_of, spec_of, warm_up_under_way
from .redaction import known_secrets
from .use import in_flight
from .weights import look_for_weights, weights_due

log = structlog.get_logger(__name__)

# An app's own existence is asked this often, in the provider's time.
APP_CHECK_S = 120.0
# A provider that could not be read is asked again after this long, so that it is not throttled further.
BLIND_RETRY = timedelta(seconds=8)
# What is asked seldom is asked of so many in one look: hundreds that came due at once must not hold it up.
SELDOM_AT_ONCE = 10
# Two processes differ by less; a time further ahead than this is from before the clock was moved back.
CLOCK_STEP = timedelta(seconds=60)


def observe(account_id: int, *, now: datetime | None = None, force: bool = False) -> bool:
    """Look at one account if a look is due (or `force`); False where it is not, or another worker looks.

    One container list serves every deployment of the account; stats and logs are read for what is lit.
    A provider whose list cannot be read makes the account blind, with the instant and its words; an error
    about one deployment is kept with its words and stops nothing else.
    """
    now = now or timezone.now()
    account = Account.objects.get(pk=account_id)
    claim = Claim(Account, account_id, "observe")
    if not (force or _due(account, now)) or not claim.take():
        return False
    try:
        Account.objects.filter(pk=account_id).update(tried_at=now)
        _look(account, guarded(provider_for(account), claim), now)
    except ProviderError as error:
        _blind(account, error, now)
    except LostClaim:
        log.warning("observe.lost_claim", account=account.name)
    finally:
        claim.release()
    return True


def _due(account: Account, now: datetime) -> bool:
    if account.seen_at is None or account.blind_since is not None:
        return account.tried_at is None or _over(account.tried_at, now, BLIND_RETRY)
    if moving(account).exists() or orphans.being_put_out(account):
        return True
    return _over(account.seen_at, now, scaled(QUIET_S, account.speed))


def _over(since: datetime, now: datetime, length: timedelta) -> bool:
    """True after `length`, and where the clock was moved back since."""
    return now >= since + length or now < since - CLOCK_STEP


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


def _blind(account: Account, error: ProviderError, now: datetime) -> None:
    log.warning("observe.blind", account=account.name, error=error.message)
    _keep(account, error)
    Account.objects.filter(pk=account.pk).update(last_error=error.message[:2000])
    Account.objects.filter(pk=account.pk, blind_since__isnull=True).update(blind_since=now)
    if account.blind_since is not None and now > account.blind_since + BLIND_LIMIT:
        _tell_blind(account, error, account.blind_since)


def _keep(account: Account, error: ProviderError) -> None:
    known = known_secrets(account)
    kept_errors.keep(ErrorSource.PROVIDER, f"Looking at {account.name}", error.message, known=known)


def _tell_blind(account: Account, error: ProviderError, since: datetime) -> None:
    """Once for each time that it is blind for longer than anything new is lit."""
    words = (
        f"{account.name} cannot be read since {since:%H:%M} UTC, and what is lit there may still be billing."
    )
    more = f"Nothing new is lit until it answers. It said: {error.message[:300]}"
    once = f"blind:{account.pk}:{since.isoformat()}"
    notify.tell("blind", words, more=more, facts={"account": account.name}, once=once)


def _look(account: Account, provider: Provider, now: datetime) -> None:
    containers = provider.containers()
    rows = Deployment.objects.filter(account=account, archived_at__isnull=True)
    words, lit = "", dict[int, datetime | None]()
    asked, quiet = _parted(
        account, rows.select_related("account", "current_release", "live_release"), containers, now
    )
    for deployment in asked:
        try:
            if _look_at(deployment, containers, provider, now):
                lit[deployment.pk] = deployment.observed_at
        except ProviderError as error:
            log.warning("observe.refused", deployment=deployment.slug, error=error.message)
            _keep(account, error)
            words = words or error.message[:2000]
    try:
        orphans.look(account, containers, provider, now)
    except ProviderError as error:
        log.warning("observe.refused", account=account.name, error=error.message)
        _keep(account, error)
        words = words or error.message[:2000]
    _seen(Deployment.objects.filter(pk__in=quiet), now)
    look_gaps.note(lit, now)
    Account.objects.filter(pk=account.pk).update(seen_at=now, blind_since=None, last_error=words)


def _parted(
    account: Account, rows: QuerySet[Deployment], containers: list[ContainerFacts], now: datetime
) -> tuple[list[Deployment], list[int]]:
    """The deployments that have to be looked at one by one, what moves first; and the ids of those of which
    the container list said all: nothing is there, nothing moves, and nothing seldom is due."""
    moves = set(moving(account).values_list("pk", flat=True))
    apps = {c.app_id for c in containers} | {c.app_name for c in containers}
    first, seldom, quiet = list[Deployment](), list[Deployment](), list[int]()
    for row in rows:
        if row.pk in moves or row.app_id in apps or app_name_of(row) in apps or _unfinished(row, now):
            first.append(row)
        elif len(seldom) < SELDOM_AT_ONCE and (_app_due(row, now) or weights_due(row, now)):
            seldom.append(row)
        else:
            quiet.append(row.pk)
    return first + seldom, quiet


def _unfinished(deployment: Deployment, now: datetime) -> bool:
    """Something of the last look is still to be written: a late log, or figures that are not 0."""
    reads = deployment.log_read_until is not None and now <= deployment.log_read_until
    return reads or bool(deployment.backlog or deployment.running_inputs)


def _look_at(
    deployment: Deployment, containers: list[ContainerFacts], provider: Provider, now: datetime
) -> bool:
    """Look at one; True where something of it is lit."""
    app_name = app_name_of(deployment)
    mine = [c for c in containers if c.app_id == deployment.app_id or c.app_name == app_name]
    runs = sightings.see(deployment, mine, now)
    refused: list[ProviderError] = []
    for part in (_read_logs, _end_missing, _read_stats, _check_app):
        try:
            part(deployment, mine, runs, provider, now)
        except ProviderError as error:
            refused.append(error)
    _seen(Deployment.objects.filter(pk=deployment.pk), now)
    if refused:
        raise refused[0]
    if not runs:
        look_for_weights(deployment, provider, now)
    return bool(runs)


def _seen(rows: QuerySet[Deployment], now: datetime) -> None:
    later = Q(observed_at__gt=now, observed_at__lt=now + CLOCK_STEP)
    rows.exclude(later).update(observed_at=now)


def _read_logs(
    deployment: Deployment, mine: list[ContainerFacts], runs: list[Run], provider: Provider, now: datetime
) -> None:
    if runs or (deployment.log_read_until is not None and now <= deployment.log_read_until):
        reading.read_logs(deployment, runs, provider, now)
        sightings.amend_deaths(deployment, now)


def _end_missing(
    deployment: Deployment, mine: list[ContainerFacts], runs: list[Run], provider: Provider, now: datetime
) -> None:
    if runs:
        sightings.end_missing(deployment, mine, provider, now)


def _read_stats(
    deployment: Deployment, mine: list[ContainerFacts], runs: list[Run], provider: Provider, now: datetime
) -> None:
    backlog, running = _stats(deployment, spec_of(deployment).app_name, bool(runs), provider)
    _note_use(deployment, runs, running, now)
    Deployment.objects.filter(pk=deployment.pk).update(backlog=backlog, running_inputs=running)


def _check_app(
    deployment: Deployment, mine: list[ContainerFacts], runs: list[Run], provider: Provider, now: datetime
) -> None:
    """Learn that the app was turned off or deployed by somebody else, or left by a deploy that died. Asked
    seldom: it changes seldom."""
    if not _app_due(deployment, now):
        return
    if deployment.deploys.filter(status__in=OPEN_DEPLOYS).exists():
        return
    there = provider.find_app(spec_of(deployment).app_name)
    rows = Deployment.objects.filter(pk=deployment.pk, app_id=deployment.app_id)
    if there is None:
        rows.update(app_checked_at=now, app_id="", endpoint_url="", live_release=None, maybe_deployed=False)
        return
    live = deployment.releases.filter(number=there.release).first() if there.release else None
    known = {"app_id": there.app_id, "endpoint_url": there.endpoint_url, "app_checked_at": now}
    rows.update(**known, **({"live_release": live} if live is not None else {}))


def _app_due(deployment: Deployment, now: datetime) -> bool:
    if deployment.wanted == Wanted.OFF and not deployment.app_id and not deployment.maybe_deployed:
        return False
    asked = deployment.app_checked_at
    return asked is None or _over(asked, now, scaled(APP_CHECK_S, deployment.account.speed))


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
    if ready is None or ready.ready_at is None:
        return
    if not (in_flight(deployment, now) or (running and not warm_up_under_way(ready, now))):
        return
    since = max(ready.ready_at, deployment.observed_at or now)
    busy_s = max(0.0, (now - since).total_seconds())
    Run.objects.filter(pk=ready.pk).update(busy_s=F("busy_s") + busy_s)
    Deployment.objects.filter(pk=deployment.pk).exclude(last_use_at__gt=now).update(last_use_at=now)


def note_ready(deployment_id: int, now: datetime) -> None:
    """The server answered: its run is ready, whether or not its log line has come."""
    run = (
        Run.objects.filter(deployment_id=deployment_id, ended_at__isnull=True, ready_at__isnull=True)
        .exclude(cause=Cause.DOWNLOAD)
        .last()
    )
    if run is not None:
        reading.mark_ready(run, now)

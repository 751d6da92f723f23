"""Reading the provider's own report of costs, and its own budget. Each version of the report is kept."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import structlog
from django.db import transaction
from django.utils import timezone

from deployments.models import Account, BillLine, Deployment, Run
from deployments.providers.base import BilledHour, Provider, ProviderError
from deployments.providers.registry import provider_for

from . import account_check, bill_findings

log = structlog.get_logger(__name__)

# Documented: the running hour is not in the report. How late, and for how long, an hour still changes is not
# documented, so two days are read again each time.
READ_AGAIN = timedelta(hours=48)
FIRST_READ = timedelta(days=31)
HOUR = timedelta(hours=1)
# Every hour while something was lit in what is read again; else, and without a report in the plan, daily.
EVERY, RARELY, AFTER_ERROR = HOUR, timedelta(days=1), timedelta(minutes=10)
# Nobody's hour costs this much: what does is a mistake of the report.
_MOST_USD, _LONGEST_ID = Decimal(10**9), 64
_LEFT_OUT = "{} rows of the report make no sense (no whole hour, or no amount) and are left out."
_PERMANENT = "The plan of this account does not include the billing report, so nothing is compared with it."


def fetch_due(*, now: datetime | None = None) -> None:
    """Read the report of each account that is due. Safe to repeat and in several processes."""
    now = now or timezone.now()
    for account in Account.objects.exclude(token_id=""):
        if now >= due_at(account, now) and _claim(account, now):
            try:
                fetch(account, now=now)
            except Exception:  # the loop's edge: one account must not keep the others from their bills
                log.exception("bills.failed", account=account.name)


def due_at(account: Account, now: datetime) -> datetime:
    """When the report is read next."""
    if account.bills_tried_at is None or account.bills_tried_at > now:  # somebody moved the clock back
        return now
    if account.bills_error and account.bills_in_plan:
        return account.bills_tried_at + AFTER_ERROR
    lit = Run.objects.filter(account=account, started_at__isnull=False)
    recent = lit.filter(ended_at__isnull=True) | lit.filter(ended_at__gte=now - READ_AGAIN)
    busy = account.bills_in_plan and recent.exists()
    return account.bills_tried_at + (EVERY if busy else RARELY)


def _claim(account: Account, now: datetime) -> bool:
    """Of two workers one finds the time of the last try unchanged."""
    mine = Account.objects.filter(pk=account.pk, bills_tried_at=account.bills_tried_at)
    return bool(mine.update(bills_tried_at=now))


def fetch(account: Account, *, now: datetime | None = None) -> str:
    """Read the report and the environment's budget now; gives why the report could not be read, or ""."""
    now = now or timezone.now()
    since, until = span(account, now)
    try:
        provider = provider_for(account)
        _read_budget(account, provider, now)
        hours = provider.billing_report(since, until)
    except ProviderError as error:
        return _note(account, now, error=error.message[:2000])
    if hours is None:
        return _note(account, now, error=_PERMANENT, in_plan=False)
    odd = [row for row in hours if not _sound(row, since, until)]
    write(account, hours, since, until, now)
    said = _note(account, now, error=_LEFT_OUT.format(len(odd)) if odd else "", until=until)
    bill_findings.look(account, now)
    return said


def _sound(row: BilledHour, since: datetime, until: datetime) -> bool:
    """A whole hour that was asked for, with amounts that are amounts."""
    amounts = (row.cost_usd, *row.by_resource.values())
    asked = since <= row.hour < until and row.hour == _whole_hour(row.hour)
    return (
        asked
        and len(row.app_id) <= _LONGEST_ID
        and all(one.is_finite() and abs(one) < _MOST_USD for one in amounts)
    )


def span(account: Account, now: datetime) -> tuple[datetime, datetime]:
    """The whole hours to read: what may still change, and all that was missed while the panel was away."""
    until = _whole_hour(now)
    known = account.bills_until
    since = min(known, until) - READ_AGAIN if known is not None else until - FIRST_READ
    return max(since, until - FIRST_READ), until


def _whole_hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _note(
    account: Account, now: datetime, *, error: str = "", in_plan: bool = True, until: datetime | None = None
) -> str:
    changes: dict[str, object] = {"bills_tried_at": now, "bills_error": error, "bills_in_plan": in_plan}
    if until is not None:
        changes |= {"bills_until": until, "bills_read_at": now}
    Account.objects.filter(pk=account.pk).update(**changes)
    return error


def _read_budget(account: Account, provider: Provider, now: datetime) -> None:
    found = provider.check()
    account_check.note(account, found, now)


def write(
    account: Account, hours: Iterable[BilledHour], since: datetime, until: datetime, now: datetime
) -> int:
    """Keep what differs from what holds as new versions; gives how many. What an older fetch (by `now`) says
    beside a newer one is dropped, and an hour with a row that makes no sense stays as it is. An hour that
    vanished from the report is a new version of $0."""
    found, doubtful = _by_hour(hours, since, until)
    apps = {row.app_id: row for row in found.values()}
    written = 0
    with transaction.atomic():
        Account.objects.select_for_update().get(pk=account.pk)  # two workers would both write a version
        rows = account.bill_lines.filter(superseded_at__isnull=True, hour__gte=since, hour__lt=until)
        held = {(row.app_id, row.hour): row for row in rows}
        owners = _owners(account, apps.values())
        for key, row in found.items():
            written += _keep(account, held.get(key), row, owners.get(row.app_id), now)
        for key in held.keys() - found.keys() - doubtful:
            written += _keep(account, held[key], _vanished(held[key]), held[key].deployment_id, now)
    return written


def _by_hour(
    hours: Iterable[BilledHour], since: datetime, until: datetime
) -> tuple[dict[tuple[str, datetime], BilledHour], set[tuple[str, datetime]]]:
    """One row for each app and hour, and those apps and hours of which a row makes no sense."""
    found: dict[tuple[str, datetime], BilledHour] = {}
    doubtful: set[tuple[str, datetime]] = set()
    for row in hours:
        key = (row.app_id, row.hour)
        if _sound(row, since, until):
            found[key] = _added(found[key], row) if key in found else row
        else:
            doubtful.add(key)
    return {key: row for key, row in found.items() if key not in doubtful}, doubtful


def _added(one: BilledHour, other: BilledHour) -> BilledHour:
    """Two rows of one app and hour, as the report gives them where its tags changed meanwhile."""
    sides = (one.by_resource, other.by_resource)
    parts = {
        name: sum((side.get(name, Decimal(0)) for side in sides), Decimal(0))
        for side in sides
        for name in side
    }
    return replace(
        other, cost_usd=one.cost_usd + other.cost_usd, by_resource=parts, tags={**one.tags, **other.tags}
    )


def _vanished(line: BillLine) -> BilledHour:
    return BilledHour(line.app_id, line.app_name, line.hour, Decimal(0), {}, line.tags)


def _owners(account: Account, apps: Iterable[BilledHour]) -> dict[str, int]:
    """The deployment of each app: by the app's id, else by its name, archived deployments last."""
    rows = list(Deployment.objects.filter(account=account).order_by("-archived_at", "-pk"))
    by_id = {row.app_id: row.pk for row in rows if row.app_id}
    by_name = {str(row.config.get("app_name", "")): row.pk for row in rows}
    found = {app.app_id: by_id.get(app.app_id) or by_name.get(app.app_name) for app in apps}
    return {app_id: pk for app_id, pk in found.items() if pk is not None}


def _keep(
    account: Account, held: BillLine | None, row: BilledHour, deployment_id: int | None, now: datetime
) -> int:
    micro_usd = int((row.cost_usd * 1_000_000).quantize(Decimal(1), ROUND_HALF_UP))
    by_resource = {name: f"{usd:f}" for name, usd in sorted(row.by_resource.items())}
    if held is not None:
        same = (held.micro_usd, held.by_resource) == (micro_usd, by_resource)
        if same or held.fetched_at > now:
            return 0
        BillLine.objects.filter(pk=held.pk).update(superseded_at=now)
    BillLine.objects.create(
        account=account, deployment_id=deployment_id, app_id=row.app_id, app_name=row.app_name[:120],
        hour=row.hour, micro_usd=micro_usd, by_resource=by_resource, tags=dict(row.tags),
        version=1 if held is None else held.version + 1, fetched_at=now,
    )  # fmt: skip
    return 1

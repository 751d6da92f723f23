"""The bill beside the count: the same hours of the same deployments, twice."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import QuerySet, Sum

from deployments.ledger.charges import usd
from deployments.ledger.prices import HOUR_S, PriceMissing
from deployments.ledger.reconciling import BilledShare, Pair, Stay, causes, kind_of, share_of
from deployments.ledger.slots import slot_at
from deployments.ledger.sums import Sums
from deployments.ledger.window import Window, date_of, day_number
from deployments.models import Account, BillLine, Cause, Deployment, Price, Run

from . import costs, spend
from .settle import with_what_prices_it
from .spend import Filter, Live

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Compared:
    """One day of one deployment (None: of an app that the panel knows nothing of)."""

    day: date
    deployment: Deployment | None
    app_name: str
    pair: Pair

    @property
    def causes(self) -> list[str]:
        """Why the two differ."""
        return causes(self.pair)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`window` is what the report reaches of the window asked for, None where it reaches nothing of it.

    `counted_usd` and `billed_usd` are of that window.
    """

    window: Window | None
    rows: tuple[Compared, ...] = ()
    complete: bool = False

    @property
    def counted_usd(self) -> Decimal:
        """What the panel counted."""
        return sum((row.pair.counted_usd for row in self.rows), Decimal(0))

    @property
    def billed_usd(self) -> Decimal:
        """What the provider bills."""
        return sum((row.pair.billed_usd for row in self.rows), Decimal(0))

    @property
    def difference_usd(self) -> Decimal:
        """Billed less counted."""
        return self.billed_usd - self.counted_usd

    def by_deployment(self) -> list[tuple[Deployment | None, str, Pair]]:
        """The same, added up over the days, dearest first."""
        found: dict[tuple[Deployment | None, str], list[Pair]] = defaultdict(list)
        for row in self.rows:
            found[row.deployment, row.app_name if row.deployment is None else row.deployment.name].append(
                row.pair
            )
        added = [(row, name, _added(pairs)) for (row, name), pairs in found.items()]
        return sorted(added, key=lambda one: (-max(one[2].billed_usd, one[2].counted_usd), one[1]))


def accounts(only: Filter) -> list[Account]:
    """Those whose bills matter to a filter."""
    rows = Account.objects.exclude(token_id="")
    if only.deployment_ids is not None:
        rows = rows.filter(deployments__in=only.deployment_ids).distinct()
    return list(rows)


def reported(window: Window, found: Iterable[Account]) -> Window | None:
    """The part of a window that every account's report reaches; None where there is none."""
    ends = [row.bills_until for row in _with_report(found) if row.bills_until is not None]
    until = min([*ends, window.until]) if ends else window.since
    return Window.between(window.since, until, window.zone) if until > window.since else None


def _with_report(found: Iterable[Account]) -> list[Account]:
    return [row for row in found if row.bills_in_plan and row.bills_until is not None]


def _billable(only: Filter, found: Iterable[Account]) -> Filter:
    """Those deployments of a filter whose accounts have a report: the others' count is beside no bill."""
    rows = Deployment.objects.filter(account__in=_with_report(found))
    if only.deployment_ids is not None:
        rows = rows.filter(pk__in=only.deployment_ids)
    return replace(only, deployment_ids=frozenset(rows.values_list("pk", flat=True)))


def billed_usd(window: Window, only: Filter) -> Decimal:
    """The dollars of the hours that begin in a window."""
    return usd(_lines(window, only).aggregate(sum=Sum("micro_usd"))["sum"] or 0)


@dataclass(frozen=True, slots=True)
class Totals:
    """The same hours twice, up to `until`."""

    until: datetime
    counted_usd: Decimal
    billed_usd: Decimal


def compare_totals(
    window: Window,
    only: Filter,
    now: datetime,
    *,
    among: Iterable[Account] | None = None,
    known: Live | None = None,
) -> Totals | None:
    """The wholes of a window as far as the report reaches it; None where it reaches nothing of it, or where
    only a person's or a key's part is asked for, which no bill knows.

    `among` are the accounts of `only` and `known` is what is live in the window, where they are read already.
    """
    if only.user_id is not None or only.key_id is not None:
        return None
    among = accounts(only) if among is None else list(among)
    part = reported(window, among)
    if part is None:
        return None
    (counted,) = spend.spent_by(part, [()], now, only=_billable(only, among), known=known)
    return Totals(part.until, counted.total.usd["cost"], billed_usd(part, only))


def compare(window: Window, only: Filter, now: datetime) -> Comparison:
    """Day by day and deployment by deployment. An hour counts in the day in which it begins."""
    among = accounts(only)
    part = reported(window, among)
    if part is None:
        return Comparison(None)
    billed, names = _billed(part, only)
    spent = spend.spent(part, ("day", "deployment"), now, only=_billable(only, among))
    counted = {(place.day, place.deployment_id, ""): sums for place, sums in spent.sums.items()}
    queued, changed = _queued_usd(part, only), _changes(part)
    deployments = Deployment.objects.in_bulk({key[1] for key in [*billed, *counted] if key[1]})
    complete = part.until >= min(window.until, now)
    rows = [
        Compared(
            date_of(day), deployments.get(pk), names.get(key, app),
            Pair(_kinds(counted.get(key)), billed.get(key, {}), queued.get((day, pk), Decimal(0)),
                 complete or date_of(day) < part.last_day, bool(pk), day in changed),
        )
        for key in sorted({*billed, *counted}, reverse=True)
        for day, pk, app in [key]
    ]  # fmt: skip
    return Comparison(part, tuple(rows), complete)


_Key = tuple[int, int, str]


def _lines(window: Window, only: Filter) -> QuerySet[BillLine]:
    rows = BillLine.objects.filter(
        superseded_at__isnull=True, hour__gte=window.since, hour__lt=window.until
    ).exclude(micro_usd=0)
    return rows if only.deployment_ids is None else rows.filter(deployment__in=only.deployment_ids)


def _billed(window: Window, only: Filter) -> tuple[dict[_Key, dict[str, Decimal]], dict[_Key, str]]:
    """Dollars by kind and the app's name, by day, deployment, and (without one) app."""
    found: dict[_Key, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    names: dict[_Key, str] = {}
    for line in _lines(window, only):
        key = (
            day_number(slot_at(line.hour), window.zone),
            line.deployment_id or 0,
            "" if line.deployment_id else line.app_id,
        )
        names[key] = line.app_name
        parts = {name: Decimal(text) for name, text in line.by_resource.items()}
        for name, amount in (parts or {"other": usd(line.micro_usd)}).items():
            found[key][kind_of(name)] += amount
    return {key: dict(kinds) for key, kinds in found.items()}, names


def _kinds(sums: Sums | None) -> dict[str, Decimal]:
    return {} if sums is None else {name: sums.usd[name] for name in ("gpu", "cpu", "memory")}


def _queued_usd(window: Window, only: Filter) -> dict[tuple[int, int], Decimal]:
    """What the waits for a machine would cost, by day and deployment: GPUs alone are held against it."""
    rows = Run.objects.filter(started_at__gte=window.since, started_at__lt=window.until)
    rows = rows.filter(enqueued_at__isnull=False).exclude(cause=Cause.DOWNLOAD)
    if only.deployment_ids is not None:
        rows = rows.filter(deployment__in=only.deployment_ids)
    books, found = costs.Books(), dict[tuple[int, int], Decimal]()
    for run in with_what_prices_it(rows):
        key = (day_number(slot_at(run.started_at), window.zone), run.deployment_id)  # type: ignore[arg-type]
        found[key] = found.get(key, Decimal(0)) + _waited_usd(run, books)
    return found


def _waited_usd(run: Run, books: costs.Books) -> Decimal:
    if run.started_at is None or run.enqueued_at is None:
        return Decimal(0)
    held = costs.resources_of(run, run.deployment)
    try:
        hourly = books.of(run.account).usd_per_hour(held, run.started_at)
    except PriceMissing:
        return Decimal(0)
    waited_s = Decimal(str(max(0.0, (run.started_at - run.enqueued_at).total_seconds())))
    return hourly / HOUR_S * waited_s


def _changes(window: Window) -> set[int]:
    """The days on which a price changed (a first price changes nothing that was counted)."""
    rows = Price.objects.filter(effective_from__gte=window.since, effective_from__lt=window.until)
    return {day_number(slot_at(at), window.zone) for at in rows.values_list("effective_from", flat=True)}


def _added(pairs: list[Pair]) -> Pair:
    sides: list[dict[str, Decimal]] = [defaultdict(Decimal), defaultdict(Decimal)]
    for pair in pairs:
        for side, part in zip(sides, (pair.counted, pair.billed), strict=True):
            for name, amount in part.items():
                side[name] += amount
    return Pair(
        sides[0], sides[1], sum((pair.queued_usd for pair in pairs), Decimal(0)),
        all(pair.complete for pair in pairs), all(pair.known for pair in pairs),
        any(pair.price_changed for pair in pairs),
    )  # fmt: skip


def billed_of_run(run_id: int) -> BilledShare:
    """An ended run's part of the bill, by its seconds in each hour; None with the reason where that would be
    guessing. Three queries. Raises Run.DoesNotExist."""
    run = Run.objects.select_related("account").get(pk=run_id)
    account = run.account
    if not account.bills_in_plan:
        return BilledShare(None, "the plan of its account does not include the report")
    if run.started_at is None or run.ended_at is None or account.bills_until is None:
        return BilledShare(None, "the report does not have all of its hours yet")
    begin = run.started_at.replace(minute=0, second=0, microsecond=0)
    rows = Run.objects.filter(deployment=run.deployment_id, started_at__lt=run.ended_at + HOUR)
    stays = [
        Stay(one.pk, one.started_at, one.ended_at or account.bills_until, one.cause != Cause.DOWNLOAD)
        for one in rows.exclude(ended_at__lt=begin)
        if one.started_at is not None
    ]
    lines = BillLine.objects.filter(
        deployment=run.deployment_id, superseded_at__isnull=True, hour__gte=begin, hour__lt=run.ended_at
    )
    billed = dict(lines.values_list("hour").annotate(sum=Sum("micro_usd")).order_by())
    hours: dict[tuple[datetime, datetime], int | None] = {}
    while begin < run.ended_at:
        hours[begin, begin + HOUR] = billed.get(begin, 0) if begin < account.bills_until else None
        begin += HOUR
    return share_of(run.pk, stays, hours)

"""Unit prices: the account's own where the provider gives them, public ones else, and how old they are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from deployments.ledger.prices import Resources
from deployments.models import Account, Deployment, Price
from deployments.planning.power import SYSTEM, Actor, Scope
from deployments.providers.base import ProviderError
from deployments.providers.registry import provider_for

from . import audit
from .costs import Books, resources
from .errors import Refused, not_allowed
from .facts import spec_of

log = structlog.get_logger(__name__)

ASK_EVERY, ASK_AGAIN = timedelta(days=1), timedelta(hours=1)
# Providers change prices a few times a year: after six weeks it is said, after half a year nothing is lit.
OLD_AFTER, STALE_AFTER = timedelta(days=45), timedelta(days=180)
REMEDY = "Compare them under Costs, Prices, and confirm or add what changed."
_PLACES = Decimal("1e-10")


@dataclass(frozen=True, slots=True)
class PriceState:
    """How far the prices of some resources can be trusted: what has none, the oldest check of the rest."""

    missing: tuple[str, ...]
    checked_on: date | None
    age: timedelta

    @property
    def old(self) -> bool:
        """True where it has to be said."""
        return self.age > OLD_AFTER

    @property
    def stale(self) -> bool:
        """True where nothing new is lit for them (law 3)."""
        return self.age > STALE_AFTER

    @property
    def note(self) -> str:
        """What to say, with the remedy; empty where all is well."""
        if self.missing:
            return f"No price of {', '.join(self.missing)} is known. An admin can add it under Prices."
        if self.old:
            says = "nothing new is lit" if self.stale else "what is shown may be wrong"
            return f"Prices were last checked on {self.checked_on}, so {says}. {REMEDY}"
        return ""


def state_of(books: Books, account: Account, held: Resources, now: datetime) -> PriceState:
    """The state of the prices of what a container would hold. No query."""
    return state(books.in_effect(account, now), held.amounts(), now)


def state(rows: Mapping[str, Price], resources: Iterable[str], now: datetime) -> PriceState:
    """The state of the prices in effect of these resources."""
    wanted = list(resources)
    checks = [rows[name].checked_on for name in wanted if name in rows]
    oldest = min(checks, default=None)
    age = timedelta() if oldest is None else max(timedelta(), now.date() - oldest)
    return PriceState(tuple(name for name in wanted if name not in rows), oldest, age)


@dataclass(frozen=True, slots=True)
class PriceView:
    """One row of the price list; `in_effect` where it is the newest of its account (or of all) that began."""

    provider: str
    account: Account | None
    resource: str
    usd_per_s: Decimal
    effective_from: datetime
    source: str
    checked_on: date
    in_effect: bool
    old: bool

    @property
    def usd_per_hour(self) -> Decimal:
        """3600 seconds of it."""
        return self.usd_per_s * 3600


def listed(rows: Iterable[Price], now: datetime) -> list[PriceView]:
    """The rows as they are told, in their order; the newest of a resource come first."""
    told, begun = [], set[tuple[str, int | None, str]]()
    for row in rows:
        key = (row.provider, row.account_id, row.resource)
        in_effect = row.effective_from <= now and key not in begun
        if in_effect:
            begun.add(key)
        told.append(
            PriceView(
                row.provider, row.account, row.resource, row.usd_per_s, row.effective_from, row.source,
                row.checked_on, in_effect, in_effect and now.date() - row.checked_on > OLD_AFTER,
            )
        )  # fmt: skip
    return told


def check_fresh(account: Account, held: Resources, now: datetime) -> None:
    """Raise Refused where the prices of `held` were not checked for half a year. One query."""
    found = state_of(Books(), account, held, now)
    if found.stale:
        raise Refused("prices_stale", found.note, status=409)


def are_stale(deployment: Deployment, now: datetime) -> bool:
    """True where nothing is lit or pinged for the age of what it is priced by (law 3). One query."""
    held = resources(spec_of(deployment), deployment.account)
    return state_of(Books(), deployment.account, held, now).stale


def refresh_due(*, now: datetime | None = None) -> None:
    """Ask those accounts for their rates that were not asked for a day, or failed to answer an hour ago."""
    now = now or timezone.now()
    again = Q(prices_tried_at__lte=now - ASK_AGAIN) & ~Q(prices_error="")
    due = Q(prices_tried_at__isnull=True) | Q(prices_tried_at__lte=now - ASK_EVERY) | again
    due |= Q(prices_tried_at__gt=now)  # somebody moved the clock back
    for account in Account.objects.filter(due).exclude(token_id=""):
        try:
            refresh(account, now=now)
        except Exception:  # the loop's edge: one account must not keep the others from their rates
            log.exception("prices.failed", account=account.name)


def refresh(account: Account, *, now: datetime | None = None) -> str:
    """Ask the provider for the account's own rates and write what changed; gives why it could not, or "".

    A changed rate is a new row from now on; one that holds is noted as checked. Safe to repeat.
    """
    now = now or timezone.now()
    Account.objects.filter(pk=account.pk).update(prices_tried_at=now)
    try:
        rates = provider_for(account).unit_prices()
    except ProviderError as error:
        said = error.message[:2000]
    else:
        sound = {name: rate for name, rate in (rates or {}).items() if _sound(rate)}
        said = _said(account, rates or {}, sound)
        _write(account, sound, now)
    Account.objects.filter(pk=account.pk).update(prices_error=said)
    return said


def _sound(rate: Decimal) -> bool:
    """A rate of nothing would blind every budget, and no unit costs a dollar a second."""
    return rate.is_finite() and _PLACES <= rate < 1


def _said(account: Account, rates: Mapping[str, Decimal], sound: Mapping[str, Decimal]) -> str:
    """What is wrong with what the provider answered, or ""."""
    if odd := sorted(rates.keys() - sound.keys()):
        return f"The rate of {', '.join(odd)[:500]} makes no sense; what was known before holds."
    if rates:
        return ""
    kept = "what it last showed holds" if account.prices.exists() else "public prices are used"
    return f"The plan of this account does not show its rates; {kept}."


def _write(account: Account, rates: Mapping[str, Decimal], now: datetime) -> None:
    source = f"Rates that {account.get_provider_display()} gives for this account"
    with transaction.atomic():
        Account.objects.select_for_update().get(pk=account.pk)  # two workers would both find a change
        own = {row.resource: row for row in account.prices.order_by("effective_from")}
        for resource, rate in rates.items():
            usd_per_s, row = rate.quantize(_PLACES), own.get(resource)
            if row is not None and row.usd_per_s == usd_per_s:
                Price.objects.filter(pk=row.pk).update(checked_on=now.date(), source=source)
                continue
            Price.objects.create(
                provider=account.provider, account=account, resource=resource, usd_per_s=usd_per_s,
                effective_from=now, source=source, checked_on=now.date(),
            )  # fmt: skip
            if row is not None:
                _record_change(account, row, usd_per_s)


def _record_change(account: Account, before: Price, usd_per_s: Decimal) -> None:
    words = f"{before.resource} at {account.name} went from {before.usd_per_s.normalize():f} to"
    audit.record(
        SYSTEM,
        "price",
        target=before.resource,
        summary=f"The price of {words} {usd_per_s.normalize():f} USD a second.",
        details={"usd_per_s": {"before": before.usd_per_s, "after": usd_per_s}},
    )
    log.info("prices.changed", account=account.name, resource=before.resource)


def confirm(*, actor: Actor, now: datetime | None = None) -> int:
    """Note that the public prices in effect were compared today and hold; gives how many."""
    if not actor.may(Scope.ADMIN) or actor.deployments is not None:
        raise not_allowed("Confirming prices needs an admin.")
    now = now or timezone.now()
    public = Price.objects.filter(account__isnull=True, effective_from__lte=now).order_by("effective_from")
    newest = {(row.provider, row.resource): row.pk for row in public}
    with transaction.atomic():
        confirmed = Price.objects.filter(pk__in=newest.values()).update(checked_on=now.date())
        audit.record(actor, "price", summary=f"{actor.name} confirmed {confirmed} public prices.")
    return confirmed

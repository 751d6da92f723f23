"""What the one on call has to know of deployments: a bounded number of queries, no provider call."""

import shlex
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Min, QuerySet

from deployments.models import Account, Delivery, Deployment, Heartbeat, KeptError, Run
from deployments.planning.lifecycle import State
from deployments.planning.power import SYSTEM

from . import costs, deadman, kept_errors, look_gaps, prices, settle, status
from .facts import spec_of
from .look_gaps import Lag

SHOWN_ERRORS = 20
# What may cost money while nobody is served comes first.
WRONG = (State.DEGRADED, State.UNKNOWN, State.FAILED)
_GIVEN_UP_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class BlindAccount:
    """An account that cannot be read, since when, and what the provider said."""

    name: str
    since: datetime
    words: str


@dataclass(frozen=True, slots=True)
class WrongServer:
    """A deployment that is failed, degraded or unknown, since when, and what its page says of it."""

    slug: str
    name: str
    state: State
    since: datetime | None
    words: str


@dataclass(frozen=True, slots=True)
class Watch:
    """Facts of one moment. `heartbeats` are by name; `lags` of what is lit, the slowest first; `wrong` are
    the servers that somebody has to look at, the gravest first."""

    heartbeats: dict[str, datetime]
    lags: list[Lag]
    blind: list[BlindAccount]
    old_prices: list[str]
    stale_prices: list[str]
    unsettled: int
    unsettled_since: datetime | None
    deliveries_waiting: int
    deliveries_since: datetime | None
    deliveries_given_up: int
    errors: list[KeptError]
    withheld: list[str]
    wrong: list[WrongServer]


def watch(now: datetime) -> Watch:
    """Read them. Raises DatabaseError."""
    runs = Run.objects.filter(settled_at__isnull=True, ended_at__lte=now - settle.SETTLE_AFTER)
    open_ones = Delivery.objects.filter(done_at__isnull=True, given_up_at__isnull=True)
    old, stale = _prices(now)
    return Watch(
        heartbeats=dict(Heartbeat.objects.values_list("name", "at")),
        lags=look_gaps.lags(list(lit()), now),
        blind=[
            BlindAccount(row.name, row.blind_since, row.last_error)
            for row in Account.objects.filter(blind_since__isnull=False)
            if row.blind_since is not None
        ],
        old_prices=old,
        stale_prices=stale,
        unsettled=runs.count(),
        unsettled_since=runs.aggregate(first=Min("ended_at"))["first"],
        deliveries_waiting=open_ones.count(),
        deliveries_since=open_ones.filter(attempts__gt=0).aggregate(first=Min("notice__at"))["first"],
        deliveries_given_up=Delivery.objects.filter(given_up_at__gte=now - _GIVEN_UP_FOR).count(),
        errors=kept_errors.newest(SHOWN_ERRORS),
        withheld=deadman.withheld(now),
        wrong=_wrong(now),
    )


def _wrong(now: datetime) -> list[WrongServer]:
    found = [one for one in status.statuses(actor=SYSTEM, now=now) if one.state in WRONG]
    return [
        WrongServer(one.slug, one.name, one.state, one.since, one.sentence.rest)
        for one in sorted(found, key=lambda one: (WRONG.index(one.state), one.name))
    ]


def lit() -> QuerySet[Deployment]:
    """The deployments of which a container is there now."""
    open_runs = Run.objects.filter(ended_at__isnull=True).values("deployment")
    return Deployment.objects.filter(archived_at__isnull=True, pk__in=open_runs)


def _prices(now: datetime) -> tuple[list[str], list[str]]:
    """The names of the deployments whose prices are old, and stale."""
    books, old, stale = costs.Books(), list[str](), list[str]()
    rows = Deployment.objects.filter(archived_at__isnull=True)
    for row in rows.select_related("account", "live_release", "current_release"):
        held = costs.resources(spec_of(row), row.account)
        state = prices.state_of(books, row.account, held, now)
        if state.stale:
            stale.append(row.name)
        elif state.old:
            old.append(row.name)
    return old, stale


@dataclass(frozen=True, slots=True)
class WayOut:
    """How to put one server out at its provider with nothing of the panel: the provider's own command."""

    name: str
    account: str
    state: str
    lit: bool
    command: str


def ways_out() -> list[WayOut]:
    """For every deployment that exists at a provider, the lit ones first. The sandbox has no command line."""
    shown = {one.id: one for one in status.statuses(actor=SYSTEM)}
    rows = Deployment.objects.filter(pk__in=shown, account__is_sandbox=False)
    burning = set(lit().values_list("pk", flat=True))
    found = [
        WayOut(row.name, row.account.name, str(shown[row.pk].state), row.pk in burning, command(row))
        for row in rows.select_related("account", "live_release", "current_release")
        if row.app_id or row.maybe_deployed or row.pk in burning
    ]
    return sorted(found, key=lambda one: (not one.lit, one.name))


def command(deployment: Deployment) -> str:
    """`modal app stop`, with its environment, without a question."""
    app, environment = spec_of(deployment).app_name, deployment.account.environment
    return f"modal app stop {shlex.quote(app)} --env {shlex.quote(environment)} --yes"

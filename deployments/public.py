"""All that the gateway, the playground and the project may import from here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from deployments.ledger.attribution import Payer, Use
from deployments.metrics.bucket import RequestFact
from deployments.models import Deployment, ErrorSource, Heartbeat, InFlight, Run
from deployments.planning.lifecycle import State
from deployments.planning.power import ROLE_SCOPES, SYSTEM, Actor, Role, Scope, Via
from deployments.services.asked_window import FROM, TO, ZONE
from deployments.services.asked_window import groups as asked_groups
from deployments.services.asked_window import window as asked_window
from deployments.services.audit import record as record_action
from deployments.services.audit import told_lately
from deployments.services.budgets import SpentOut, spent_out
from deployments.services.clients import ClientFacts
from deployments.services.clients import client_facts as facts_for_clients
from deployments.services.deadman import GATEWAY, note
from deployments.services.defaults import ensure_defaults
from deployments.services.errors import Refused
from deployments.services.facts import longest_context, spec_of
from deployments.services.frozen import current_freeze
from deployments.services.kept_errors import keep, words_of
from deployments.services.measurements import Arrival, read_measurements_with
from deployments.services.on_call import Watch, WayOut, WrongServer, watch, ways_out
from deployments.services.panel_figures import Figures, figures
from deployments.services.quote import quote
from deployments.services.restored import check_secrets, settle_after_restore
from deployments.services.status import burning, status_of, statuses, usd_per_hour, visible
from deployments.services.uses import Share, Span, Traffic, read_usage_with
from deployments.services.views import Quote, StatusView
from deployments.services.waking import LeaseEnded, Waking, lease_ended, wake_for

__all__ = [
    "FROM",
    "GATEWAY",
    "ROLE_SCOPES",
    "TO",
    "ZONE",
    "Actor",
    "Arrival",
    "ClientFacts",
    "Figures",
    "InFlightRow",
    "LeaseEnded",
    "Payer",
    "Quote",
    "Refused",
    "RequestFact",
    "Role",
    "Route",
    "Scope",
    "Share",
    "Span",
    "SpentOut",
    "State",
    "StatusView",
    "Traffic",
    "Use",
    "Via",
    "Waking",
    "Watch",
    "WayOut",
    "WrongServer",
    "asked_groups",
    "asked_window",
    "beat_lives",
    "burning",
    "check_secrets",
    "client_facts",
    "context_window",
    "current_freeze",
    "deployment_names",
    "deployment_status",
    "ensure_defaults",
    "figures",
    "gateway_lives",
    "keep_task_error",
    "lease_ended",
    "note_engine_failure",
    "note_use",
    "quote_for",
    "read_measurements_with",
    "read_usage_with",
    "record_action",
    "report_in_flight",
    "routes",
    "settle_after_restore",
    "told_lately",
    "usd_per_hour",
    "wake_for",
    "watch",
    "ways_out",
    "worker_heartbeat_age_s",
]  # fmt: skip

WORKER = "worker"
FORWARDED = frozenset({State.READY, State.DEGRADED})
# A request to a server that went out wakes it: none is forwarded on an older look.
ROUTE_SIGHT = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Route:
    """Where a model's requests go, and whether they may. The secrets are in no repr.

    `leases` are the ids of its open leases, `spent_leases` those of them whose server went out by itself and
    that light it no more; `spent_out` is whose own budget is spent. `max_model_len` is the most tokens that
    a request and its answer may have together, None where that is not known.
    """

    deployment_id: int
    slug: str
    model: str
    state: State
    sentence: str
    endpoint_url: str
    engine_key: str = field(repr=False)
    proxy_token_id: str = field(repr=False)
    proxy_token_secret: str = field(repr=False)
    since: datetime | None
    eta_s: float | None
    phase: str | None
    leases: frozenset[int] = frozenset()
    spent_leases: frozenset[int] = frozenset()
    max_model_len: int | None = None
    spent_out: SpentOut = field(default_factory=SpentOut)


@dataclass(frozen=True, slots=True)
class InFlightRow:
    """Open requests of one holder to one deployment through one gateway process: those at the engine, and
    those that wait for it."""

    deployment_id: int
    holder_name: str
    key_id: int | None
    count: int
    waiting: int = 0


def routes() -> list[Route]:
    """Every deployment as the gateway needs it, in a constant number of queries."""
    shown = {status.id: status for status in statuses(actor=SYSTEM)}
    rows = Deployment.objects.filter(pk__in=shown).select_related(
        "account", "live_release", "current_release"
    )
    now = timezone.now()
    spent = spent_out(now)
    missing = set(
        Run.objects.filter(ended_at__isnull=True, missing_since__isnull=False).values_list(
            "deployment_id", flat=True
        )
    )
    found = []
    for row in rows:
        status = shown[row.pk]
        fresh = row.observed_at is not None and now - row.observed_at < ROUTE_SIGHT and row.pk not in missing
        state = status.state if fresh or status.state not in FORWARDED else State.UNKNOWN
        found.append(
            Route(
                deployment_id=row.pk,
                slug=row.slug,
                model=spec_of(row).served_name,
                state=state,
                sentence=str(status.sentence),
                endpoint_url=row.endpoint_url,
                engine_key=row.account.engine_key,
                proxy_token_id=row.account.proxy_token_id,
                proxy_token_secret=row.account.proxy_token_secret,
                since=status.since,
                eta_s=status.eta_s,
                phase=status.phase,
                leases=frozenset(lease.id for lease in status.leases),
                spent_leases=frozenset(lease.id for lease in status.leases if not lease.lights),
                max_model_len=longest_context(row),
                spent_out=spent,
            )
        )
    return found


def client_facts(slug: str, actor: Actor) -> ClientFacts | None:
    """What a client of this deployment has to be told; None where there is none or it is not the actor's."""
    row = _readable(slug, actor)
    return facts_for_clients(row, timezone.now()) if row is not None else None


def deployment_names(actor: Actor) -> list[tuple[str, str]]:
    """Slug and name of every deployment that `actor` may see, by name. One query."""
    return list(visible(actor).order_by("name", "slug").values_list("slug", "name"))


def deployment_status(slug: str, actor: Actor) -> StatusView | None:
    """What the head of a deployment's page says to `actor`; None where there is none or it is not theirs."""
    row = _readable(slug, actor)
    return status_of(row, actor=actor) if row is not None else None


def quote_for(slug: str, actor: Actor, *, until: datetime | None = None) -> Quote | None:
    """What a start would cost now (`until` None: until idle); None where there is no such deployment for
    `actor`. Refused `price_missing` where it cannot be priced."""
    row = _readable(slug, actor)
    return quote(row, until=until) if row is not None else None


def _readable(slug: str, actor: Actor) -> Deployment | None:
    if not actor.may(Scope.READ, slug):
        return None
    rows = visible(actor).select_related("account", "current_release", "live_release")
    return rows.filter(slug=slug).first()


def report_in_flight(process: str, rows: Sequence[InFlightRow]) -> None:
    """Replace what `process` said before. Without a new report the rows count for nothing after seconds."""
    now = timezone.now()
    with transaction.atomic():
        InFlight.objects.filter(process=process).delete()
        InFlight.objects.bulk_create(
            [
                InFlight(
                    process=process,
                    deployment_id=row.deployment_id,
                    holder_name=row.holder_name,
                    key_id=row.key_id,
                    count=row.count,
                    waiting=row.waiting,
                    updated_at=now,
                )
                for row in rows
            ]
        )


def note_use(deployment_id: int, at: datetime) -> None:
    """A request ended at `at`: the idle window is counted from there."""
    Deployment.objects.filter(pk=deployment_id).exclude(last_use_at__gte=at).update(last_use_at=at)


def gateway_lives(process: str, at: datetime) -> None:
    """A gateway process says that it lives."""
    note(f"{GATEWAY}{process}"[:120], at)


def beat_lives(at: datetime) -> None:
    """The clock says that it lives."""
    note("beat", at)


def keep_task_error(task: str, error: BaseException) -> None:
    """Keep a failed task's error for the one on call. Never raises."""
    keep(ErrorSource.TASK, task, words_of(error))


def note_engine_failure(deployment_id: int, at: datetime, text: str) -> None:
    """A request failed at the engine. Whether the server is `degraded` is judged from what was measured."""
    Deployment.objects.filter(pk=deployment_id).update(engine_failed_at=at, engine_failure_text=text[:300])


def worker_heartbeat_age_s(now: datetime | None = None) -> float | None:
    """Seconds since a worker last carried out the beat's heartbeat; None where none ever did."""
    row = Heartbeat.objects.filter(name=WORKER).first()
    return ((now or timezone.now()) - row.at).total_seconds() if row is not None else None


def context_window(slug: str) -> int | None:
    """The most tokens a request and its answer may have together; None where nobody set a limit."""
    row = Deployment.objects.select_related("live_release", "current_release").filter(slug=slug).first()
    return spec_of(row).max_model_len if row is not None else None

"""The state of deployments as it is shown, from rows alone."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from deployments.ledger.prices import PriceBook, PriceMissing, Resources
from deployments.models import Cause, Deployment, Run
from deployments.planning.facts import Facts
from deployments.planning.keep_warm import last_activity
from deployments.planning.lifecycle import BURNING, MOVING, State, state_of
from deployments.planning.power import Actor, Scope
from deployments.planning.spec import Spec
from deployments.planning.starts.start import Start
from deployments.planning.unclaimed import given_up_at, unclaimed

from . import costs, orphan_costs, prices, runs, starts
from .expected import BootTime, boot_time
from .facts import facts_of, spec_of
from .failures import failure_of
from .frozen import current_freeze
from .loading import attach_findings, with_facts
from .schedule_facts import Next, next_openings
from .sentences import Told, sentence
from .time_left import time_left
from .views import DownloadView, FailureView, LeaseView, RunView, Sentence, StatusView, WaitingView

ZERO = Decimal(0)
# What is lit is looked at every two seconds: an older look says nothing of now.
LIT_SIGHT = timedelta(seconds=30)
JUST_LIT = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Burning:
    """What burns now, over all deployments the actor does not need to see: USD an hour, and how many."""

    usd_per_hour: Decimal
    count: int


@dataclass(frozen=True, slots=True)
class _Context:
    """What the views of one moment share."""

    actor: Actor
    now: datetime
    frozen: bool
    books: costs.Books
    openings: dict[int, Next]


def visible(actor: Actor) -> QuerySet[Deployment]:
    """The deployments that the actor may see."""
    rows = Deployment.objects.filter(archived_at__isnull=True)
    return rows if actor.deployments is None else rows.filter(slug__in=actor.deployments)


def statuses(*, actor: Actor, now: datetime | None = None) -> list[StatusView]:
    """Every visible deployment, in a constant number of queries."""
    now = now or timezone.now()
    context = _Context(actor, now, current_freeze() is not None, costs.Books(), next_openings(now))
    rows = list(with_facts(visible(actor), now))
    attach_findings(rows)
    past = starts.boots_of(row for row in rows if any(run.ready_at is None for run in row.open_runs))
    return [_view(row, context, past.get(row.pk, [])) for row in rows]


def status_of(deployment: Deployment, *, actor: Actor, now: datetime | None = None) -> StatusView:
    """One deployment as the actor sees it."""
    now = now or timezone.now()
    row = with_facts(Deployment.objects.all(), now).get(pk=deployment.pk)
    attach_findings([row])
    past = starts.boots_of([row] if row.open_runs else [])
    context = _Context(actor, now, current_freeze() is not None, costs.Books(), next_openings(now))
    return _view(row, context, past.get(row.pk, []))


def burning(now: datetime | None = None) -> Burning:
    """The GPUs that are billed now, for the burn meter, those of orphans too. Two queries where there are
    none."""
    now = now or timezone.now()
    rows = _lit()
    loose = list(orphan_costs.lit_now())
    books = costs.Books() if rows or loose else None
    rates = [
        _rate(books.of(run.deployment.account), costs.resources_of(run, run.deployment), now)
        for run in rows
        if books is not None
    ]
    found = [orphan_costs.price(row, row.containers.all(), books, now) for row in loose if books is not None]
    rates += [one.usd_per_hour for one in found]
    return Burning(sum(rates, ZERO), len(rows) + sum(one.lit for one in found))


def _lit() -> list[Run]:
    """With what prices them. Most of the time there is none: what costs little to ask is asked first."""
    lit = Run.objects.filter(ended_at__isnull=True, started_at__isnull=False).exclude(cause=Cause.DOWNLOAD)
    ids = list(lit.values_list("pk", flat=True))
    related = (f"deployment__{name}" for name in ("account", "live_release", "current_release"))
    return list(Run.objects.filter(pk__in=ids).select_related("release", *related)) if ids else []


def usd_per_hour(slug: str, now: datetime | None = None) -> Decimal | None:
    """What an hour lit costs at the prices of now, in USD; None where there is no such deployment.

    0 where a price is missing, as pages show it.
    """
    rows = Deployment.objects.select_related("account", "live_release", "current_release")
    row = rows.filter(slug=slug, archived_at__isnull=True).first()
    if row is None:
        return None
    return _rate(costs.book(row.account), costs.resources(spec_of(row), row.account), now or timezone.now())


def _rate(prices: PriceBook, held: Resources, now: datetime) -> Decimal:
    try:
        return prices.usd_per_hour(held, now)
    except PriceMissing:
        return ZERO


def _view(deployment: Deployment, context: _Context, past: Sequence[Start]) -> StatusView:
    now, spec = context.now, spec_of(deployment)
    facts = _facts(deployment, spec, context)
    blind_since = sight_lost_at(deployment, facts)
    degraded = deployment.degraded_since is not None
    state = state_of(facts, blind_since=blind_since, degraded=degraded)
    boot, row = boot_time(deployment, spec), _serving(deployment)
    run = _run(row, deployment, context, past)
    left = time_left(past, deployment, row, now) if state is State.WAKING else None
    shown = _bare(deployment, spec, facts, context)
    shown = replace(
        shown,
        state=state,
        since=_since(state, deployment, run, facts),
        phase=_phase(run) if state is State.WAKING else None,
        progress=_progress(run) if state is State.WAKING else None,
        eta_s=left.p50_s if left is not None else _eta(state, run, boot, now),
        eta=left,
        cost_so_far_usd=run.cost_usd if run is not None else ZERO,
        moving=state in MOVING,
        run=run,
        **(_idle(facts) if state is State.READY else {}),
    )
    told = _told(shown, deployment, spec, boot, facts, context)
    words = sentence(replace(told, why_not=facts.why_not))
    return replace(
        shown, sentence=words, level=_level(shown, boot, facts, now), verbs=_verbs(shown, deployment, context)
    )


def _facts(deployment: Deployment, spec: Spec, context: _Context) -> Facts:
    held = costs.resources(spec, deployment.account)
    stale = prices.state_of(context.books, deployment.account, held, context.now).stale
    return facts_of(deployment, context.now, frozen=context.frozen, prices_stale=stale)


def _failure(deployment: Deployment, context: _Context) -> FailureView | None:
    return failure_of(deployment, context.books.of(deployment.account), context.now)


def sight_lost_at(deployment: Deployment, facts: Facts) -> datetime | None:
    """Since when nobody has seen it: the provider does not answer, or no process of the panel looks."""
    account = deployment.account
    if account.blind_since is not None:
        return account.blind_since
    observed = facts.observed_at
    if facts.serving and observed is not None and facts.now > observed + LIT_SIGHT:
        return observed
    return account.seen_at if facts.blind else None


def _bare(deployment: Deployment, spec: Spec, facts: Facts, context: _Context) -> StatusView:
    """What does not depend on the state; `_view` fills in the rest."""
    return StatusView(
        id=deployment.pk,
        slug=deployment.slug,
        name=deployment.name,
        hardware=_hardware(spec, deployment),
        account=deployment.account.name,
        is_sandbox=deployment.account.is_sandbox,
        speed=deployment.account.speed,
        state=State.UNKNOWN,
        sentence=Sentence(""),
        since=None,
        release=facts.live_release,
        current_release=facts.current_release,
        phase=None,
        progress=None,
        eta_s=None,
        price_usd_per_hour=_rate(
            context.books.of(deployment.account), costs.resources(spec, deployment.account), context.now
        ),
        cost_so_far_usd=ZERO,
        idle_s=None,
        goes_out_at=None,
        leases=_leases(deployment, facts, context.actor),
        in_flight=facts.in_flight,
        in_flight_by=tuple(sorted({row.holder_name for row in deployment.flying if row.count})),
        waiting=sum(row.waiting for row in deployment.flying),
        waiting_by=_waiting(deployment),
        observed_at=deployment.observed_at,
        endpoint_url=deployment.endpoint_url,
        model_name=spec.served_name,
        level=0,
        moving=False,
        frozen=context.frozen,
        verbs=frozenset(),
        run=None,
        price_note=prices.state_of(
            context.books, deployment.account, costs.resources(spec, deployment.account), context.now
        ).note,
        failure=_failure(deployment, context) if facts.breaker_open else None,
        download=_download(deployment),
        weights_present=deployment.weights_present,
    )


def _waiting(deployment: Deployment) -> tuple[WaitingView, ...]:
    counts: Counter[str] = Counter()
    for row in deployment.flying:
        counts[row.holder_name] += row.waiting
    return tuple(WaitingView(holder, count) for holder, count in sorted(counts.items()) if count)


def _hardware(spec: Spec, deployment: Deployment) -> str:
    what = f"{spec.gpu_count} × {spec.gpu_type}" if spec.gpu_count else "CPU"
    return f"{what} at {'the sandbox' if deployment.account.is_sandbox else 'Modal'}"


def _serving(deployment: Deployment) -> Run | None:
    """The newest life that is no weights download."""
    return next((run for run in reversed(deployment.open_runs) if run.cause != Cause.DOWNLOAD), None)


def _run(row: Run | None, deployment: Deployment, context: _Context, past: Sequence[Start]) -> RunView | None:
    if row is None:
        return None
    usual = starts.usual(past, row.release.number if row.release is not None else None)
    return runs.view(row, deployment, context.books.of(deployment.account), context.now, usual)


def _idle(facts: Facts) -> dict[str, Any]:
    """`idle_s` and `goes_out_at` of a ready server: None while in use, or where nothing says when."""
    untils = [lease.until for lease in facts.holding if lease.until is not None]
    shared = any(lease.until is None for lease in facts.holding)
    if facts.ready is None or facts.ready.ready_at is None or facts.in_flight or facts.running_inputs:
        return {"idle_s": None, "goes_out_at": max(untils) if untils and not shared else None}
    last = last_activity(facts, facts.ready.ready_at)
    given_up = given_up_at(facts, facts.ready)
    window_ends = given_up or last + facts.windows.idle
    ends = [*untils, window_ends] if shared or not untils else untils
    return {"idle_s": max(0.0, (facts.now - last).total_seconds()), "goes_out_at": max(ends)}


def _eta(state: State, run: RunView | None, boot: BootTime, now: datetime) -> float | None:
    if state is State.DEPLOYING:
        return boot.p50_s
    if state is not State.WAKING:
        return None
    passed = (now - run.first_seen_at).total_seconds() if run is not None else 0.0
    return max(0.0, boot.p50_s - passed)


def _phase(run: RunView | None) -> str | None:
    return next((phase.name for phase in run.phases if phase.status == "now"), None) if run else None


def _progress(run: RunView | None) -> float | None:
    return next((phase.progress for phase in run.phases if phase.status == "now"), None) if run else None


def _since(state: State, deployment: Deployment, run: RunView | None, facts: Facts) -> datetime | None:
    if state is State.UNKNOWN:
        return sight_lost_at(deployment, facts)
    if state is State.FAILED:
        return deployment.breaker_opened_at
    if state is State.STOPPING:
        return deployment.stop_requested_at
    if state is State.DEGRADED:
        return deployment.degraded_since
    if state is State.DEPLOYING and deployment.open_deploys:
        return deployment.open_deploys[0].created_at
    if run is not None:
        return run.first_seen_at if state is State.WAKING else run.ready_at
    ended = [r.ended_at for r in deployment.recent_runs if r.ended_at is not None]
    return max(ended, default=None)


def _leases(deployment: Deployment, facts: Facts, actor: Actor) -> tuple[LeaseView, ...]:
    spent = {lease.id for lease in facts.leases if lease.until is None and lease.runs_ended}
    return tuple(
        LeaseView(
            id=lease.pk,
            holder=lease.holder_name,
            reason=lease.reason,
            via=lease.via,
            created_at=lease.created_at,
            until=lease.until,
            mine=actor.user_id is not None and lease.holder_id == actor.user_id,
            lights=lease.pk not in spent,
        )
        for lease in deployment.open_leases
    )


def _download(deployment: Deployment) -> DownloadView | None:
    if not deployment.open_downloads:
        return None
    row = deployment.open_downloads[0]
    return DownloadView(
        row.status, row.requested_by, row.created_at, row.finished_at, row.error, row.last_line
    )


def _settled(facts: Facts) -> bool:
    """Requests are told once a second: what was lit a moment ago may have some that nobody has told yet."""
    return all(facts.now > lease.created_at + JUST_LIT for lease in facts.leases)


def _told(
    shown: StatusView, deployment: Deployment, spec: Spec, boot: BootTime, facts: Facts, context: _Context
) -> Told:
    following = context.openings.get(deployment.pk)
    names = list(dict.fromkeys(lease.holder for lease in shown.leases))
    untils = [lease.until for lease in shown.leases if lease.until is not None]
    out_in_s = (shown.goes_out_at - context.now).total_seconds() if shown.goes_out_at else None
    boot_usd = shown.price_usd_per_hour * Decimal(str(boot.p50_s)) / 3600
    return Told(
        state=shown.state,
        name=shown.name,
        sandbox=shown.is_sandbox,
        price_per_hour=shown.price_usd_per_hour,
        so_far=shown.cost_so_far_usd,
        who=" and ".join(names[:2]) + (" and others" if len(names) > 2 else ""),
        until=timezone.localtime(max(untils)) if untils else None,
        release=shown.current_release,
        phase=shown.phase or "",
        progress=shown.progress,
        eta_s=shown.eta_s,
        late=shown.eta.late if shown.eta is not None else "",
        idle_s=shown.idle_s,
        out_in_s=out_in_s,
        boot_s=boot.p50_s,
        boot_usd=boot_usd,
        burned=shown.failure.burned_usd if shown.failure else ZERO,
        title=shown.failure.title if shown.failure else "",
        text=deployment.degraded_text,
        waiting=shown.waiting,
        unclaimed=unclaimed(facts) and _settled(facts),
        since=timezone.localtime(shown.since) if shown.since else None,
        words=deployment.account.last_error,
        stop_by=deployment.stop_by,
        relit=deployment.relit_warning,
        next_from=timezone.localtime(following.starts_at) if following else None,
        next_name=f"{following.name}, {following.owner}" if following else "",
    )


def _level(shown: StatusView, boot: BootTime, facts: Facts, now: datetime) -> int:
    """How full the wick is, 0 to 100: it fills while waking and burns down while idle."""
    if shown.state is State.WAKING:
        left_s = shown.eta_s or 0.0
        passed_s = boot.p50_s - left_s
        if shown.eta is not None and shown.run is not None:
            passed_s = max(0.0, (now - shown.run.first_seen_at).total_seconds())
        return max(4, min(98, round(100 * passed_s / max(passed_s + left_s, 1e-9))))
    if shown.state in (State.READY, State.DEGRADED):
        if shown.idle_s is None or any(lease.until is not None for lease in facts.holding):
            return 100
        return max(4, round(100 * (1 - shown.idle_s / facts.windows.idle.total_seconds())))
    return {State.STOPPING: 8, State.ASLEEP: 12, State.DEPLOYING: 12}.get(shown.state, 0)


def _verbs(shown: StatusView, deployment: Deployment, context: _Context) -> frozenset[str]:
    """What the actor can do now. The services check again: this only decides what is offered."""
    actor, slug = context.actor, shown.slug
    wakes, operates = actor.may(Scope.WAKE, slug), actor.may(Scope.OPERATE, slug)
    verbs: set[str] = set()
    startable = shown.state in (State.OFF, State.ASLEEP, State.FAILED) and not shown.frozen
    if startable and (operates or (wakes and shown.state is State.ASLEEP)):
        verbs.add("start")
    if wakes and shown.state in (State.DEPLOYING, State.WAKING, State.READY, State.DEGRADED):
        verbs.add("sleep")
    if wakes and shown.state in BURNING | {State.ASLEEP, State.UNKNOWN, State.DEPLOYING}:
        verbs.add("turn-off")
    if operates and shown.state in (State.WAKING, State.READY, State.DEGRADED) and not deployment.stop_kind:
        verbs.add("extend")
    if operates and shown.weights_present is False and not deployment.open_downloads:
        verbs.add("download")
    return frozenset(verbs)

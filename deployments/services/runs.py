"""Runs as they are shown: phases, parts, money."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.utils import timezone

from deployments.ledger.charges import usd
from deployments.ledger.costs import ByResource, RunCost, interval_cost
from deployments.ledger.prices import PriceBook, PriceMissing
from deployments.models import Cause, Charge, Deployment, EndReason, Phase, PhaseName, Run
from deployments.providers.base import scaled

from . import costs, lives
from .errors import not_found
from .facts import spec_of
from .views import PhaseView, RunView

# Shares of the recipe's 275 s of a cold start, for a run's expected phases until there is own history.
SHARES = {
    PhaseName.QUEUED: 0.02,
    PhaseName.CONTAINER: 0.18,
    PhaseName.WEIGHTS: 0.30,
    PhaseName.WARMUP: 0.45,
    PhaseName.SERVER: 0.05,
}
# What stands in the waterfall after ready; no phase of the engine's.
WARMUP_REQUESTS = "warmup_requests"
FAILED_ENDS = {EndReason.BOOT_FAILED, EndReason.BOOT_TIMEOUT, EndReason.ENGINE_DIED}
_ZERO = Decimal(0)


def runs_of(deployment: Deployment, *, before_id: int | None = None, limit: int = 50) -> list[RunView]:
    """The newest runs, or those before `before_id`. Four queries, however many runs."""
    rows = deployment.runs.select_related("release").prefetch_related("phases")
    if before_id is not None:
        rows = rows.filter(id__lt=before_id)
    prices = costs.book(deployment.account)
    now = timezone.now()
    found = list(rows.order_by("-id")[:limit])
    kept = kept_usd(run.pk for run in found)
    return [replace(view(run, deployment, prices, now), kept_usd=kept.get(run.pk, _ZERO)) for run in found]


def kept_usd(run_ids: Iterable[int]) -> dict[int, Decimal]:
    """What of settled runs' idle time was kept warm by leases until a time, by run. One query."""
    rows = Charge.objects.filter(run__in=list(run_ids)).order_by().values("run")
    return {row["run"]: usd(row["kept"]) for row in rows.annotate(kept=Sum("kept_micro_usd"))}


def run_of(deployment: Deployment, run_id: int) -> RunView:
    """One run. Raises Refused 404."""
    run = deployment.runs.select_related("release").prefetch_related("phases").filter(pk=run_id).first()
    if run is None:
        raise not_found("This run")
    found = view(run, deployment, costs.book(deployment.account), timezone.now())
    return replace(found, kept_usd=kept_usd([run.pk]).get(run.pk, _ZERO))


def view(run: Run, deployment: Deployment, prices: PriceBook, now: datetime) -> RunView:
    """A run as shown at `now`: frozen money where it has ended, live money while it lives."""
    until = run.ended_at or now
    booted = lives.boot_ended_at(run, until)
    money = _money(run, deployment, until, prices, booted)
    return RunView(
        id=run.pk,
        number=run.number,
        slug=deployment.slug,
        release=run.release.number if run.release else None,
        cause=run.cause,
        cause_label=Cause(run.cause).label,
        lit_for=run.lit_for,
        reason=run.reason,
        container_id=run.container_id,
        first_seen_at=run.first_seen_at,
        started_at=run.started_at,
        ready_at=run.ready_at,
        ended_at=run.ended_at,
        end_reason=run.end_reason,
        end_label=EndReason(run.end_reason).label if run.end_reason else "",
        end_text=run.end_text or run.engine_error,
        failed=run.end_reason in FAILED_ENDS,
        boot_s=_between(run.first_seen_at, run.ready_at),
        lit_s=_between(run.started_at, until) if run.started_at else None,
        queued_s=_between(run.first_seen_at, run.started_at),
        phases=phases_of(run, deployment, prices, until, booted),
        **money,
    )


def _between(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start).total_seconds() if start is not None and end is not None else None


def _money(
    run: Run, deployment: Deployment, until: datetime, prices: PriceBook, booted: datetime | None
) -> dict[str, Any]:
    if run.cost_usd is not None:
        names = ("boot_usd", "use_usd", "idle_usd", "gpu_usd", "cpu_usd", "memory_usd", "cost_usd")
        return {name: getattr(run, name) or _ZERO for name in names}
    return costs.columns(live_cost(run, deployment, until, prices, booted))


def live_cost(
    run: Run, deployment: Deployment, until: datetime, prices: PriceBook, booted: datetime | None = None
) -> RunCost:
    """The cost so far, zero where a price is missing (the price page says which)."""
    try:
        return costs.cost_of(run, deployment, until, prices, booted)
    except PriceMissing:
        return RunCost(_ZERO, _ZERO, _ZERO, ByResource())


def phases_of(
    run: Run, deployment: Deployment, prices: PriceBook, until: datetime, booted: datetime | None
) -> tuple[PhaseView, ...]:
    """The waterfall: what was, what is now, and what is still to come by the recipe's shares."""
    stored = sorted(run.phases.all(), key=lambda phase: (phase.started_at, phase.pk))
    rows = [p for p in stored if p.name != PhaseName.READY]
    ends = [p.started_at for p in stored[1:]] + [run.ready_at or until]
    seen = [
        _phase(run, deployment, prices, phase, end, now=run.ended_at is None and run.phase == phase.name)
        for phase, end in zip(rows, ends, strict=False)
    ]
    return tuple(seen + _warmed(run, deployment, prices, booted) + _to_come(run, deployment, rows))


def _warmed(run: Run, deployment: Deployment, prices: PriceBook, booted: datetime | None) -> list[PhaseView]:
    """The panel's own first requests, as far as they are boot: the last of its dollars."""
    if run.ready_at is None or booted is None or booted <= run.ready_at:
        return []
    return [
        PhaseView(
            name=WARMUP_REQUESTS, label="Warm-up requests",
            status="done", started_at=run.ready_at,
            offset_s=(run.ready_at - run.first_seen_at).total_seconds(),
            seconds=(booted - run.ready_at).total_seconds(), expected_s=None,
            cost_usd=_phase_cost(run, deployment, prices, run.ready_at, booted),
        )
    ]  # fmt: skip


def _phase(
    run: Run, deployment: Deployment, prices: PriceBook, phase: Phase, end: datetime, *, now: bool
) -> PhaseView:
    end = max(end, phase.started_at)
    return PhaseView(
        name=phase.name,
        label=PhaseName(phase.name).label,
        status="now" if now else "done",
        started_at=phase.started_at,
        offset_s=(phase.started_at - run.first_seen_at).total_seconds(),
        seconds=(end - phase.started_at).total_seconds(),
        expected_s=_expected(phase.name, deployment),
        cost_usd=_phase_cost(run, deployment, prices, phase.started_at, end),
        progress=run.progress if now else None,
        text=run.progress_text if now else "",
    )


def _phase_cost(
    run: Run, deployment: Deployment, prices: PriceBook, start: datetime, end: datetime
) -> Decimal | None:
    """Billed from the container's start on: what lies before is None."""
    if run.started_at is None or end <= run.started_at:
        return None
    try:
        held = costs.resources_of(run, deployment)
        return interval_cost(held, prices, max(start, run.started_at), end).total_usd
    except PriceMissing:
        return None


def _expected(name: str, deployment: Deployment) -> float | None:
    share = SHARES.get(PhaseName(name))
    if share is None:
        return None
    boot_s = spec_of(deployment).expected_boot_s * share
    return scaled(boot_s, deployment.account.speed) / timedelta(seconds=1)


def _to_come(run: Run, deployment: Deployment, rows: Sequence[Phase]) -> list[PhaseView]:
    if run.ready_at is not None or run.ended_at is not None or run.cause == Cause.DOWNLOAD:
        return []
    order = list(PhaseName)
    reached = max((order.index(PhaseName(phase.name)) for phase in rows), default=-1)
    return [
        PhaseView(
            name=name, label=name.label, status="later", started_at=None, offset_s=0.0, seconds=None,
            expected_s=_expected(name, deployment), cost_usd=None,
        )
        for name in SHARES
        if order.index(name) > reached
    ]  # fmt: skip

"""Runs as they are shown: phases, parts, money."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.utils import timezone

from deployments.ledger.charges import usd
from deployments.ledger.costs import ByResource, RunCost
from deployments.ledger.prices import PriceBook, PriceMissing, Resources
from deployments.models import Cause, Charge, Deployment, EndReason, PhaseName, Run
from deployments.planning.starts.start import WARM_UP_REQUESTS
from deployments.providers.base import scaled

from . import costs, lives, starts
from .errors import not_found
from .facts import spec_of
from .phase_spans import Span, span_usd, spans
from .slow_words import slow_views
from .starts import Usual
from .views import PhaseView, RunView

# Shares of the recipe's 275 s of a cold start, for a run's expected phases until there is own history.
SHARES = {
    PhaseName.QUEUED: 0.02,
    PhaseName.CONTAINER: 0.18,
    PhaseName.WEIGHTS: 0.30,
    PhaseName.WARMUP: 0.45,
    PhaseName.SERVER: 0.05,
}
FAILED_ENDS = {EndReason.BOOT_FAILED, EndReason.BOOT_TIMEOUT, EndReason.ENGINE_DIED}
_ZERO = Decimal(0)


def runs_of(deployment: Deployment, *, before_id: int | None = None, limit: int = 50) -> list[RunView]:
    """The newest runs, or those before `before_id`. Five queries, however many runs."""
    rows = deployment.runs.select_related("release").prefetch_related("phases", "slow_phases")
    if before_id is not None:
        rows = rows.filter(id__lt=before_id)
    prices = costs.book(deployment.account)
    now = timezone.now()
    found = list(rows.order_by("-id")[:limit])
    kept = kept_usd(run.pk for run in found)
    return [
        replace(
            view(run, deployment, prices, now),
            kept_usd=kept.get(run.pk, _ZERO),
            slow=slow_views(run),
        )
        for run in found
    ]


def release_number(run: Run) -> int | None:
    """The number of the release that it ran, where one is known."""
    return run.release.number if run.release is not None else None


def kept_usd(run_ids: Iterable[int]) -> dict[int, Decimal]:
    """What of settled runs' idle time was kept warm by leases until a time, by run. One query."""
    rows = Charge.objects.filter(run__in=list(run_ids)).order_by().values("run")
    return {row["run"]: usd(row["kept"]) for row in rows.annotate(kept=Sum("kept_micro_usd"))}


def run_of(deployment: Deployment, run_id: int) -> RunView:
    """One run, beside what starts of its release usually take. Raises Refused 404."""
    rows = deployment.runs.select_related("release").prefetch_related("phases", "slow_phases")
    run = rows.filter(pk=run_id).first()
    if run is None:
        raise not_found("This run")
    usual = starts.usual(starts.newest(deployment, before=run.pk), release_number(run))
    found = view(run, deployment, costs.book(deployment.account), timezone.now(), usual)
    return replace(found, kept_usd=kept_usd([run.pk]).get(run.pk, _ZERO), slow=slow_views(run))


def view(
    run: Run, deployment: Deployment, prices: PriceBook, now: datetime, usual: Usual | None = None
) -> RunView:
    """A run as shown at `now`: frozen money where it has ended, live money while it lives. `usual` is what
    its phases are expected to take; the recipe's shares where it rests on no start."""
    until = run.ended_at or now
    booted = lives.boot_ended_at(run, until)
    return replace(
        bare_view(run, deployment, prices, now, booted),
        phases=phases_of(run, deployment, prices, until, booted, usual),
        usual_starts=usual.starts if usual is not None else 0,
        usual_of_release=usual is not None and usual.of_release,
    )


def bare_view(
    run: Run, deployment: Deployment, prices: PriceBook, now: datetime, booted: datetime | None = None
) -> RunView:
    """The same without phases, which most lists do not show: each of them is priced, and that takes ten
    times as long as all the rest. `booted` is when its boot was over, where that is known already."""
    until = run.ended_at or now
    return RunView(
        id=run.pk,
        number=run.number,
        slug=deployment.slug,
        release=release_number(run),
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
        phases=(),
        **_money(run, deployment, until, prices, booted),
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
    run: Run,
    deployment: Deployment,
    prices: PriceBook,
    until: datetime,
    booted: datetime | None,
    usual: Usual | None = None,
) -> tuple[PhaseView, ...]:
    """The waterfall: what was, what is now, and what is still to come by own history, else by the recipe."""
    expected = usual.seconds if usual is not None and usual.starts else _recipe(deployment)
    found, held = list(spans(run, until)), costs.resources_of(run, deployment)
    rows = [_seen(run, span, held, prices, expected) for span in found]
    warmed = _warmed(run, booted)
    if warmed is not None:
        rows.append(_seen(run, warmed, held, prices, expected))
    return tuple(rows + _to_come(run, [span.name for span in found], expected))


def _warmed(run: Run, booted: datetime | None) -> Span | None:
    """The panel's own first requests, as far as they are boot: the last of its dollars."""
    if run.ready_at is None or booted is None or booted <= run.ready_at:
        return None
    return Span(WARM_UP_REQUESTS, run.ready_at, booted)


def _seen(
    run: Run, span: Span, held: Resources, prices: PriceBook, expected: Mapping[str, float]
) -> PhaseView:
    now = run.ended_at is None and run.phase == span.name
    return PhaseView(
        name=span.name,
        label=phase_label(span.name),
        status="now" if now else "done",
        started_at=span.since,
        offset_s=(span.since - run.first_seen_at).total_seconds(),
        seconds=span.seconds,
        expected_s=expected.get(span.name),
        cost_usd=span_usd(run, held, prices, span.since, span.until),
        progress=run.progress if now else None,
        text=run.progress_text if now else "",
    )


def phase_label(name: str) -> str:
    """What people call a phase."""
    return "Warm-up requests" if name == WARM_UP_REQUESTS else str(PhaseName(name).label)


def _recipe(deployment: Deployment) -> dict[str, float]:
    """The recipe's seconds of each phase, at the account's speed."""
    whole_s = scaled(spec_of(deployment).expected_boot_s, deployment.account.speed) / timedelta(seconds=1)
    return {name: whole_s * share for name, share in SHARES.items()}


def _to_come(run: Run, seen: Sequence[str], expected: Mapping[str, float]) -> list[PhaseView]:
    if run.ready_at is not None or run.ended_at is not None or run.cause == Cause.DOWNLOAD:
        return []
    order = list(PhaseName)
    reached = max((order.index(PhaseName(name)) for name in seen), default=-1)
    return [
        PhaseView(
            name=name, label=name.label, status="later", started_at=None, offset_s=0.0, seconds=None,
            expected_s=expected[name], cost_usd=None,
        )
        for name in order[reached + 1 :]
        if name in expected
    ]  # fmt: skip

"""Reading a run's chronicle from the rows. A fixed number of queries, and none outside the database."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum
from django.utils import timezone

from deployments.ledger.charges import usd
from deployments.ledger.prices import PriceMissing
from deployments.ledger.slots import SLOT_S, instant_of
from deployments.models import (
    Action,
    Cause,
    Charge,
    Deployment,
    Download,
    EndReason,
    Freeze,
    Lease,
    LeaseEnd,
    Run,
    Wake,
)

from . import costs, findings, uses
from .chronicle import Asking, Chronicle, Deed, Money, Said, Served, Step
from .cost_labels import NOBODY
from .lives import names
from .uses import Share, Span, Traffic
from .views import RunView

# Above this many requests of a settled run their times are read by quarter hours, from its charges.
_MOST_USES = 4_000
# An order to put it out is carried out within this, drained requests included.
_DRAINED = timedelta(hours=2)
# What was done to it that its story or its timeline tells; starts and leases are told from the leases.
_DEEDS = (
    "sleep", "turn_off", "extend", "give_back", "breaker", "budget", "release", "outside_wake", "download",
    "cancel_download", "rollback", "auto_rollback",
)  # fmt: skip
_ENDED_BY = {
    EndReason.SLEPT: ("sleep", "give_back"),
    EndReason.TURNED_OFF: ("turn_off",),
}


def of(
    view: RunView, deployment: Deployment, *, zone: tzinfo = UTC, now: datetime | None = None
) -> Chronicle:
    """The chronicle of a run as it is shown in `view`, read for somebody in `zone`."""
    now = now or timezone.now()
    run = Run.objects.select_related("lease__schedule", "release").get(pk=view.id)
    asked_at = _asked_at(run)
    until = view.ended_at or now
    traffic = uses.traffic(Span(deployment.pk, asked_at or view.first_seen_at, until))
    actions = _actions(deployment, asked_at or view.first_seen_at, until)
    freezes = _freezes(view.first_seen_at, until)
    return Chronicle(
        name=deployment.name, number=view.number, cause=view.cause, now=now, zone=zone,
        first_seen_at=view.first_seen_at, started_at=view.started_at, ready_at=view.ready_at,
        warmed_at=run.warmed_at, ended_at=view.ended_at, sandbox=deployment.account.is_sandbox,
        asking=_asking(run), asked_at=asked_at, release=view.release,
        replaced_by=_replaced_by(run), end_reason=view.end_reason,
        ended_by=_ended_by(view, actions, freezes), end_text=view.end_text, download=_download(run),
        steps=_steps(view), served=_served(traffic), busy_s=run.busy_s,
        **_busy(run, view, traffic, until), money=_money(run, view, deployment, now),
        deeds=(*_lease_deeds(run, deployment, until), *_told(actions), *freezes),
        said=_said(view, deployment),
    )  # fmt: skip


def _asked_at(run: Run) -> datetime | None:
    """When the wake was asked for that this container serves; None where it was no wake's."""
    if run.cause != Cause.LEASE:
        return None
    wakes = Wake.objects.filter(deployment=run.deployment_id, created_at__lte=run.first_seen_at)
    wake = wakes.filter(runs_before__lt=run.pk).order_by("-created_at").first()
    lease = run.lease
    if wake is not None and (lease is None or wake.lease_id == lease.pk):
        return wake.created_at
    earlier = lease is not None and lease.created_at <= run.first_seen_at
    again = lease is not None and Run.objects.filter(lease=lease, pk__lt=run.pk).exists()
    return lease.created_at if lease is not None and earlier and not again else None


def _asking(run: Run) -> Asking:
    lease = run.lease
    if run.cause == Cause.DOWNLOAD:
        row = _download_row(run)
        return Asking(who=row.requested_by if row is not None else "")
    if lease is None:
        return Asking(who=run.lit_for, reason=run.reason)
    keys = uses.key_names([lease.key_id] if lease.key_id else [])
    return Asking(
        who=lease.holder_name, via=lease.via, key=keys.get(lease.key_id or 0, ""), reason=lease.reason,
        schedule=lease.schedule.name if lease.schedule is not None else "", until=lease.until,
        quoted_usd=lease.quoted_usd,
    )  # fmt: skip


def _download_row(run: Run) -> Download | None:
    rows = Download.objects.filter(deployment=run.deployment_id, created_at__lte=run.first_seen_at)
    return rows.order_by("-id").first()


def _download(run: Run) -> str:
    row = _download_row(run) if run.cause == Cause.DOWNLOAD else None
    return row.status if row is not None else ""


def _replaced_by(run: Run) -> int | None:
    """The release that came after, where that is why it ended."""
    if run.end_reason != EndReason.REPLACED or run.ended_at is None:
        return None
    later = Run.objects.filter(deployment=run.deployment_id, pk__gt=run.pk, release__isnull=False)
    after = later.exclude(release=run.release_id).order_by("pk").select_related("release").first()
    return after.release.number if after is not None and after.release is not None else None


def _actions(deployment: Deployment, since: datetime, until: datetime) -> list[Action]:
    rows = Action.objects.filter(deployment=deployment, verb__in=_DEEDS, at__gte=since, at__lte=until)
    return list(rows.order_by("at", "id")[:200])


def _told(actions: Iterable[Action]) -> tuple[Deed, ...]:
    return tuple(
        Deed(row.at, "fault" if row.verb == "breaker" else "deed", _bare(row.summary)) for row in actions
    )


def _bare(summary: str) -> str:
    return summary.strip().removesuffix(".")


def _freezes(since: datetime, until: datetime) -> list[Deed]:
    rows = Freeze.objects.filter(set_at__gte=since, set_at__lte=until).order_by("set_at")
    return [Deed(row.set_at, "freeze", f"{row.set_by_name} froze everything") for row in rows]


def _ended_by(view: RunView, actions: Iterable[Action], freezes: Iterable[Deed]) -> str:
    """Who ordered the end, where a person did it shortly before."""
    if view.ended_at is None:
        return ""
    since = view.ended_at - _DRAINED
    if view.end_reason == EndReason.FROZEN:
        return next((one.words.removesuffix(" froze everything") for one in reversed(list(freezes))), "")
    verbs = _ENDED_BY.get(EndReason(view.end_reason), ()) if view.end_reason in EndReason.values else ()
    mine = [row.actor_name for row in actions if row.verb in verbs and since <= row.at <= view.ended_at]
    return mine[-1] if mine else ""


def _steps(view: RunView) -> tuple[Step, ...]:
    """The phases, beside what they usually take where own starts tell it."""
    own = view.usual_starts > 0
    return tuple(
        Step(
            phase.name, phase.label, phase.started_at, phase.seconds or 0.0, phase.expected_s if own else None
        )
        for phase in view.phases
        if phase.started_at is not None
    )


def _served(traffic: Traffic) -> Served:
    shares = traffic.shares
    return Served(
        requests=sum(one.requests for one in shares),
        failed=sum(one.failed for one in shares),
        left=sum(one.left for one in shares),
        read_tokens=sum(one.read_tokens for one in shares),
        made_tokens=sum(one.made_tokens for one in shares),
        by=tuple(zip(_callers(shares), (one.requests for one in shares), strict=True)),
        first_answer_at=traffic.first_answer_at,
    )


def _callers(shares: Iterable[Share]) -> list[str]:
    shares = list(shares)
    people = names({one.user_id for one in shares if one.user_id}) if shares else {}
    keys = uses.key_names({one.key_id for one in shares if one.key_id})
    found = []
    for one in shares:
        who = people.get(one.user_id, "somebody who is gone")
        key = f" with the key “{keys.get(one.key_id, 'deleted')}”" if one.key_id else ""
        found.append(f"{who}{key}")
    return found


def _busy(run: Run, view: RunView, traffic: Traffic, until: datetime) -> dict[str, Any]:
    """The times with a request: exact, or by quarter hours where there were very many."""
    if view.ready_at is None or not traffic.shares:
        return {}
    if run.settled_at is not None and sum(one.requests for one in traffic.shares) > _MOST_USES:
        slots = Charge.objects.filter(run=run, requests__gt=0).values_list("slot", flat=True).distinct()
        begun = [instant_of(slot) for slot in slots]
        return {"busy": tuple((at, at + timedelta(seconds=SLOT_S)) for at in begun), "coarse": True}
    spans = uses.uses([Span(run.deployment_id, view.ready_at, until)])
    return {"busy": tuple((use.start, use.end) for _, use in spans)}


def _money(run: Run, view: RunView, deployment: Deployment, now: datetime) -> Money:
    split = _split(run) if run.settled_at is not None else ()
    return Money(
        total=view.cost_usd, boot=view.boot_usd, use=view.use_usd, idle=view.idle_usd, kept=view.kept_usd,
        priced=_priced(run, view, deployment, now), settled=run.settled_at is not None, split=split,
    )  # fmt: skip


def _priced(run: Run, view: RunView, deployment: Deployment, now: datetime) -> bool:
    if run.cost_usd is not None or view.cost_usd or run.started_at is None:
        return True
    try:
        costs.cost_of(run, deployment, run.ended_at or now, costs.book(deployment.account))
    except PriceMissing:
        return False
    return True


def _split(run: Run) -> tuple[tuple[str, Decimal], ...]:
    """Whom its dollars are put down to, most first."""
    parts = (Sum("boot_micro_usd"), Sum("use_micro_usd"), Sum("idle_micro_usd"))
    rows = run.charges.order_by().values_list("who").annotate(*parts)
    found = [(who or NOBODY.lower(), usd(sum(amounts))) for who, *amounts in rows]
    return tuple(sorted((one for one in found if one[1] > 0), key=lambda pair: (-pair[1], pair[0])))


def _lease_deeds(run: Run, deployment: Deployment, until: datetime) -> list[Deed]:
    """Leases that were made and that ended while it lived, and by what they ended."""
    since = run.first_seen_at
    alive = Q(ended_at__isnull=True) | Q(ended_at__gte=since)
    found = []
    for row in Lease.objects.filter(alive, deployment=deployment, created_at__lte=until).order_by("id")[:200]:
        end = "until idle" if row.until is None else f"until {row.until.astimezone(UTC):%a %H:%M} UTC"
        found.append(Deed(row.created_at, "lease", f"Lease of {row.holder_name}, {end}"))
        if row.ended_at is not None and row.ended_at <= until:
            why = LeaseEnd(row.end_reason).label if row.end_reason else "why was not kept"
            found.append(Deed(row.ended_at, "lease", f"Lease of {row.holder_name} ended: {why}"))
    return found


def _said(view: RunView, deployment: Deployment) -> tuple[Said, ...]:
    cards = findings.of_runs([view.id], deployment).get(view.id, [])
    return tuple(Said(card.at, str(card.level), card.title) for card in cards if card.level != "advice")

"""Waking for a request that is held at the gateway: one lease for each holder, and why it ended."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from deployments.models import Cause, Deployment, Lease, LeaseEnd, StopKind
from deployments.planning.power import Actor

from . import breaker, requests
from .errors import Refused, not_found
from .expected import boot_time
from .facts import facts_of, spec_of
from .frozen import current_freeze
from .loading import loaded
from .locking import in_turn, locked
from .quiet import check_quiet


@dataclass(frozen=True, slots=True)
class Waking:
    """A wake that a lease pays for. Seconds from the wake to ready, median and p90, as wall time."""

    lease_id: int
    ready_p50_s: float
    ready_p90_s: float


@dataclass(frozen=True, slots=True)
class LeaseEnded:
    """Why a lease ended: `reason` is a value of LeaseEnd, `words` one sentence for the one who waited."""

    reason: str
    words: str


def wake_for(deployment_id: int, *, actor: Actor, reason: str, by_person: bool = False) -> Waking:
    """Have it lit for `actor` until idle, under a lease of theirs.

    Any number of calls at the same instant, from any number of processes, make one lease for each holder: the
    deployment's row is locked, and an open lease until idle of the same person is used again. What keeps a
    start from happening is found before anything is lit. Raises Refused: what `requests.start` raises,
    `failed` while a failed start stands (a person has to start it), `not_found`, and `asleep` in the quiet
    time after a person's Sleep, unless `by_person` (a page asks for somebody who has seen the price).
    """
    now = timezone.now()
    with in_turn():
        deployment = loaded(deployment_id, now)
        # Most of those who wait have one already, and what is refused is refused without a write lock.
        lease_id = _own_lease(deployment, actor, now)
        if lease_id is None:
            _check(deployment, actor, now, by_person)
            requests.check_start(deployment, now, actor=actor, until=None, lock=False)
            deployment, lease_id = _lease(deployment_id, actor, now, reason, by_person)
    boot = boot_time(deployment, spec_of(deployment))
    return Waking(lease_id, boot.p50_s, boot.p90_s)


def _lease(
    deployment_id: int, actor: Actor, now: datetime, reason: str, by_person: bool
) -> tuple[Deployment, int]:
    """The lease of this holder, as another process made it meanwhile or made now."""
    with transaction.atomic():
        locked(deployment_id)
        deployment = loaded(deployment_id, now)
        lease_id = _own_lease(deployment, actor, now)
        if lease_id is None:
            _check(deployment, actor, now, by_person)
            lease_id = requests.start(deployment, actor=actor, until=None, reason=reason).pk
    return deployment, lease_id


def _check(deployment: Deployment, actor: Actor, now: datetime, by_person: bool) -> None:
    """What keeps a request from waking, where a press of Start would not be kept."""
    if deployment.archived_at is not None:
        raise not_found("The deployment")
    _check_stands(deployment)
    if not by_person and (_is_out(deployment) or not deployment.stop_kind):
        check_quiet(deployment, actor, now)
    _check_stays_out(deployment, by_person)


def _own_lease(deployment: Deployment, actor: Actor, now: datetime) -> int | None:
    """An open lease until idle of this holder that still lights it: one whose server went out by itself is
    over, and is ended by the next round."""
    facts = facts_of(deployment, now, frozen=current_freeze() is not None)
    lighting = {lease.id for lease in facts.leases if lease.until is None and lease.runs_ended == 0}
    own = (lease for lease in deployment.open_leases if lease.pk in lighting and _holds(lease, actor))
    return next((lease.pk for lease in own), None)


def _holds(lease: Lease, actor: Actor) -> bool:
    if actor.user_id is None:
        return lease.holder_id is None and lease.holder_name == actor.name
    return lease.holder_id == actor.user_id


def _check_stands(deployment: Deployment) -> None:
    """A program that asks again and again must not relight what fails again and again."""
    if deployment.breaker_opened_at is not None:
        raise Refused("failed", _failure(deployment), status=503)


def _check_stays_out(deployment: Deployment, by_person: bool) -> None:
    """A request that was on its way when somebody put it out must not light it again behind their back. A
    person who sees it asleep may, although the order is still watched over for a minute.

    A freeze says its own word when the start is checked.
    """
    if by_person and _is_out(deployment) and deployment.stop_kind == StopKind.SLEEP:
        return
    if deployment.stop_kind and current_freeze() is None:
        by = f" by {deployment.stop_by}" if deployment.stop_by else ""
        raise Refused("stopping", f"{deployment.name} is being put out{by}. Ask again later.", status=503)


def _is_out(deployment: Deployment) -> bool:
    """Nothing of it is lit or on its way, as last seen."""
    return not deployment.open_wakes and all(run.cause == Cause.DOWNLOAD for run in deployment.open_runs)


def lease_ended(lease_id: int) -> LeaseEnded | None:
    """Why this lease ended; None while it is open."""
    lease = Lease.objects.select_related("deployment").filter(pk=lease_id).first()
    if lease is None:
        return LeaseEnded(LeaseEnd.RELEASED, "Its lease is gone.")
    if lease.ended_at is None:
        return None
    return LeaseEnded(lease.end_reason, _words(lease))


def _words(lease: Lease) -> str:
    deployment = lease.deployment
    by = f" by {deployment.stop_by}" if deployment.stop_by else ""
    return {
        LeaseEnd.SLEPT: f"{deployment.name} was put to sleep{by}.",
        LeaseEnd.TURNED_OFF: f"{deployment.name} was turned off{by}.",
        LeaseEnd.FROZEN: f"Everything was frozen{by}.",
        LeaseEnd.BUDGET: f"A budget was spent, so {deployment.name} was put out. An admin can raise it.",
        LeaseEnd.RELEASED: f"The lease of {lease.holder_name} was given back.",
        LeaseEnd.FAILED: _failure(deployment),
    }.get(LeaseEnd(lease.end_reason), f"{deployment.name} went out.")


def _failure(deployment: Deployment) -> str:
    """The breaker's reason, with the line that says why; both are on the pages too."""
    if deployment.breaker_opened_at is None:
        return f"The start of {deployment.name} failed."
    said = deployment.breaker_text.strip().splitlines()
    line = f": {said[-1][:300]}" if said else "."
    return f"The start of {deployment.name} failed. {breaker.title(deployment.breaker_reason)}{line}"

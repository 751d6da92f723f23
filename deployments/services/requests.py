"""What people, keys and schedules ask for: start, extend, give back, sleep, turn off."""

from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from deployments.models import (
    Deployment,
    DeployStatus,
    Lease,
    LeaseEnd,
    Run,
    StopKind,
    Wanted,
)
from deployments.planning.power import Actor, Scope

from . import audit, enqueue
from .allowed import check_can_light
from .budgets import Wish
from .carry_out import begin_stop, want_off
from .errors import Refused, bad_field, not_allowed, not_found
from .locking import in_turn, locked
from .quote import quote
from .releases import ensure_release
from .use import users_of
from .views import Quote
from .weights_requests import cancel_download, start_download

__all__ = [
    "cancel_download", "extend", "give_back", "over_cap", "sleep", "start", "start_download", "turn_off",
]  # fmt: skip

# A lease beyond this would outlive every plan; the budget of a later start is the better question.
LONGEST = timedelta(days=7)


def start(
    deployment: Deployment,
    *,
    actor: Actor,
    until: datetime | None,
    reason: str = "",
    accept_download: bool = False,
) -> Lease:
    """Light it: one transaction writes the lease, the wish and the audit line; the reconciler does the rest.

    `until` None means until idle. Needs `wake` while it is asleep or lit, `operate` from off and for a time.
    Raises Refused: not_allowed, over_cap, frozen, blind, prices_stale, budget_exhausted, weights_absent,
    price_missing, invalid (until).
    """
    now = timezone.now()
    _check_until(until, now)
    price = quote(deployment, until=until, now=now)
    with in_turn():
        check_start(deployment, now, actor=actor, until=until, lock=False)
        with transaction.atomic():
            deployment = locked(deployment.pk)
            check_start(deployment, now, actor=actor, until=until, lock=True)
            if deployment.weights_present is False and not accept_download:
                raise _weights_absent(price)
            _check_cap(deployment, actor, price)
            ensure_release(deployment, actor)
            _clear_for_start(deployment)
            lease = Lease.objects.create(
                deployment=deployment,
                holder_id=actor.user_id,
                holder_name=actor.name,
                key_id=actor.key_id,
                via=actor.via,
                reason=reason.strip()[:200],
                until=until,
                created_at=now,
                quoted_usd=price.total_usd,
            )
            _record_start(lease, actor, price)
            enqueue.reconcile_soon(deployment.pk)
    return lease


def check_start(
    deployment: Deployment, now: datetime, *, actor: Actor, until: datetime | None, lock: bool
) -> None:
    """Raise Refused where `start` would for who asks, for the provider or for money; `lock` as in
    `allowed.check_can_light`."""
    _may_start(deployment, actor, until)
    check_can_light(deployment, now, actor=actor, wish=Wish(deployment, until), lock=lock)


def _record_start(lease: Lease, actor: Actor, price: Quote) -> None:
    audit.record(
        actor,
        "start",
        deployment=lease.deployment,
        target=f"lease {lease.pk}",
        usd=price.total_usd,
        summary=f"{actor.name} started {lease.deployment.name} {_until_words(lease.until)}.",
        details={"until": lease.until.isoformat() if lease.until else None, "reason": lease.reason},
    )


def _may_start(deployment: Deployment, actor: Actor, until: datetime | None) -> None:
    if not actor.may(Scope.WAKE, deployment.slug):
        raise not_allowed(
            "Starting needs the right to wake: ask an operator, or use a key with the scope wake."
        )
    operates = actor.may(Scope.OPERATE, deployment.slug)
    if until is not None and not operates:
        raise not_allowed("A start until a time needs an operator. Start until idle instead.")
    if _is_off(deployment) and not operates:
        raise not_allowed(
            f"{deployment.name} is off: an operator has to start it. Once asleep, you can wake it."
        )


def _is_off(deployment: Deployment) -> bool:
    """Off, being turned off, or put out by the breaker: only an operator brings it back."""
    ending = deployment.wanted == Wanted.OFF or deployment.stop_kind == StopKind.OFF
    return ending or not deployment.app_id or deployment.breaker_opened_at is not None


def _check_until(until: datetime | None, now: datetime) -> None:
    if until is None:
        return
    if timezone.is_naive(until):
        raise bad_field("until", "Give a time with its zone, for example 2026-12-01T18:00:00Z.")
    if until <= now:
        raise bad_field(
            "until", "This time is over. Give one in the future, or leave it empty for until idle."
        )
    if until > now + LONGEST:
        raise bad_field("until", f"Give a time within {LONGEST.days} days, and extend it later.")


def over_cap(deployment: Deployment, actor: Actor, price: Quote) -> str:
    """Why a member may not light it at this price, with the remedy; empty where they may."""
    cap = deployment.member_cap_usd
    if cap is None or price.total_usd <= cap or actor.may(Scope.OPERATE, deployment.slug):
        return ""
    words = f"A start costs about ${price.total_usd:.2f}, and members may start it for ${cap:.2f} at most."
    return f"{words} Ask an operator to start it."


def _check_cap(deployment: Deployment, actor: Actor, price: Quote) -> None:
    """A member lights only what costs no more than an admin allows them."""
    if words := over_cap(deployment, actor, price):
        raise Refused("over_cap", words, status=403)


def _weights_absent(price: Quote) -> Refused:
    return Refused(
        "weights_absent",
        "The weights are not on the volume. Download them first on a machine without GPUs"
        f" (about ${price.download_usd or 0:.2f}), or start anyway with accept_download: the download then"
        " runs on the billed GPUs.",
        status=409,
        fields={"accept_download": "Say true to start anyway."},
    )


def _clear_for_start(deployment: Deployment) -> None:
    """Close the breaker and want it on. An order to put it out that is under way runs to its end first."""
    Deployment.objects.filter(pk=deployment.pk).update(
        wanted=Wanted.ON,
        breaker_opened_at=None,
        breaker_reason="",
        breaker_text="",
        breaker_run=None,
        relit_warning=False,
    )
    deployment.deploys.filter(status=DeployStatus.PENDING).update(retry_at=None)


def _until_words(until: datetime | None) -> str:
    return "until idle" if until is None else f"until {until:%Y-%m-%d %H:%M} UTC"


def extend(lease_id: int, *, actor: Actor, until: datetime | None) -> Lease:
    """Move the end of an open lease. One's own, or anybody's for an operator: its holder's budgets pay for
    it, whoever moves it."""
    now = timezone.now()
    lease = _open_lease(lease_id, actor)
    if not actor.may(Scope.OPERATE, lease.deployment.slug):
        raise not_allowed("Extending to a time needs an operator.")
    _check_until(until, now)
    with in_turn(), transaction.atomic():
        deployment = locked(lease.deployment_id)
        payer = replace(actor, user_id=lease.holder_id, key_id=lease.key_id)
        check_can_light(deployment, now, actor=payer, wish=Wish(deployment, until))
        if deployment.stop_kind:
            raise Refused("stopping", "It is being put out: start it again instead.", status=409)
        if not Lease.objects.filter(pk=lease.pk, ended_at__isnull=True).update(until=until):
            raise not_found("An open lease")
        audit.record(
            actor,
            "extend",
            deployment=lease.deployment,
            target=f"lease {lease.pk}",
            summary=f"{actor.name} keeps {lease.deployment.name} lit {_until_words(until)}.",
            details={"until": {"before": lease.until, "after": until}},
        )
        enqueue.reconcile_soon(lease.deployment_id)
    lease.until = until
    return lease


def give_back(lease_id: int, *, actor: Actor) -> Lease:
    """End one's own lease; the server goes out when nobody else holds it."""
    now = timezone.now()
    lease = _open_lease(lease_id, actor)
    with transaction.atomic():
        locked(lease.deployment_id)
        Lease.objects.filter(pk=lease.pk, ended_at__isnull=True).update(
            ended_at=now, end_reason=LeaseEnd.RELEASED
        )
        if not lease.deployment.leases.filter(ended_at__isnull=True).exists() and _lit(lease.deployment):
            begin_stop(lease.deployment, kind=StopKind.SLEEP, reason="released", by=actor.name, now=now)
        audit.record(
            actor,
            "give_back",
            deployment=lease.deployment,
            target=f"lease {lease.pk}",
            summary=f"{actor.name} gave back a lease on {lease.deployment.name}.",
        )
        enqueue.reconcile_soon(lease.deployment_id)
    lease.refresh_from_db()
    return lease


def _open_lease(lease_id: int, actor: Actor) -> Lease:
    lease = (
        Lease.objects.filter(pk=lease_id, ended_at__isnull=True)
        .select_related("deployment__account", "deployment__live_release", "deployment__current_release")
        .first()
    )
    if lease is None or not actor.may(Scope.READ, lease.deployment.slug):
        raise not_found("An open lease")
    own = actor.user_id is not None and lease.holder_id == actor.user_id
    if not own and not actor.may(Scope.OPERATE, lease.deployment.slug):
        raise not_allowed("This is somebody else's lease: its holder or an operator can change it.")
    if not actor.may(Scope.WAKE, lease.deployment.slug):
        raise not_allowed("Changing a lease needs the right to wake.")
    return lease


def _lit(deployment: Deployment) -> bool:
    return (
        deployment.wakes_open() or Run.objects.filter(deployment=deployment, ended_at__isnull=True).exists()
    )


def sleep(deployment: Deployment, *, actor: Actor, force: bool = False) -> None:
    """Put it to sleep: drained, then ended; the endpoint stays and can wake. Raises Refused in_use."""
    _put_out(deployment, actor=actor, kind=StopKind.SLEEP, force=force)


def turn_off(deployment: Deployment, *, actor: Actor, force: bool = False) -> None:
    """End the deployment at the provider: nothing can wake it until somebody starts it."""
    _put_out(deployment, actor=actor, kind=StopKind.OFF, force=force)


def _put_out(deployment: Deployment, *, actor: Actor, kind: StopKind, force: bool) -> None:
    now = timezone.now()
    off = kind == StopKind.OFF
    reason, verb = ("turn_off", "turned off") if off else ("sleep", "put to sleep")
    with transaction.atomic():
        deployment = locked(deployment.pk)
        _may_put_out(deployment, actor, force, now)
        if off:
            want_off(deployment, now)
        Lease.objects.filter(deployment=deployment, ended_at__isnull=True).update(
            ended_at=now, end_reason=LeaseEnd.TURNED_OFF if off else LeaseEnd.SLEPT
        )
        if off or deployment.app_id:
            begin_stop(deployment, kind=kind, reason=reason, by=actor.name, now=now, forced=force)
        audit.record(
            actor,
            reason,
            deployment=deployment,
            summary=f"{actor.name} {verb} {deployment.name}{' by force' if force else ''}.",
        )
        enqueue.reconcile_soon(deployment.pk)


def _may_put_out(deployment: Deployment, actor: Actor, force: bool, now: datetime) -> None:
    if not actor.may(Scope.WAKE, deployment.slug):
        raise not_allowed("Putting out needs the right to wake.")
    if force and not actor.may(Scope.OPERATE, deployment.slug):
        raise not_allowed("Force needs an operator.")
    others = users_of(deployment, actor, now)
    if others and not force:
        raise Refused(
            "in_use",
            f"{', '.join(others)} {'is' if len(others) == 1 else 'are'} using it."
            " An operator can put it out by force.",
            status=409,
            fields={"in_use_by": others},
        )

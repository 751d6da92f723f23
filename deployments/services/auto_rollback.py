"""Going back to the last release that was ready, where a new one does not become ready (off unless set).

The failed start is over, and nothing is lit by this. Where an earlier release had been at the provider when
the failed one was deployed, people and keys could wake the server before, so the earlier configuration is
brought there again: it is then asleep, which costs nothing, and wakes for whoever asks next. Where the server
was started from off, or somebody turned it off just before the failure was told, it stays off: only an
operator brings it back, and the next start uses the earlier configuration. Of both, nothing costs anything,
and nothing can wake that could not be woken before.
"""

from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import QuerySet

from deployments.models import AutoRollback, Cause, Deployment, Release, Run, StopKind, Wanted
from deployments.planning.power import SYSTEM, Actor, Scope
from deployments.planning.rollback import Tried, back_to

from . import audit, releases
from .errors import Refused, not_allowed
from .use import Holder

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    """A start that is over: why (a Break), its run where there was one, the words, and who held it.
    `turned_off`: somebody had turned it off before the panel did."""

    reason: str
    run: Run | None
    text: str
    holders: list[Holder]
    turned_off: bool = False


def go_back(deployment: Deployment, failure: Failure, now: datetime) -> AutoRollback | None:
    """Make the last ready configuration current again; None where that is not set or not due.

    Call it inside the transaction that opens the breaker, with the deployment's row locked. Lights nothing;
    what is to be deployed again is done by the reconciler, once what failed is out.
    """
    failed = _failed_release(deployment, failure.run) if deployment.auto_rollback else None
    if failed is None:
        return None
    number = _chosen(deployment, failure.reason, failed)
    if number is None:
        return None
    try:
        with transaction.atomic():
            made = releases.go_back_to(
                deployment, number, actor=SYSTEM, note=f"went back: release {failed.number} did not get ready"
            )
    except Refused as refused:  # the failure itself is told in any case
        log.warning("rollback.refused", deployment=deployment.slug, release=number, why=refused.message)
        return None
    return _written(deployment, failure, failed, number, made, now)


def _failed_release(deployment: Deployment, run: Run | None) -> Release | None:
    """Of the run that failed, else of the newest deploy."""
    if run is not None:
        return run.release
    deploy = deployment.deploys.select_related("release").order_by("-pk").first()
    return deploy.release if deploy is not None else None


def _chosen(deployment: Deployment, reason: str, failed: Release) -> int | None:
    rows = list(deployment.releases.all())
    serving = Run.objects.filter(deployment=deployment, ready_at__isnull=False).exclude(cause=Cause.DOWNLOAD)
    ready = set(serving.values_list("release_id", flat=True).distinct())
    current = next((row.number for row in rows if row.pk == deployment.current_release_id), None)
    tried = [Tried(r.number, r.spec, r.pk in ready, r.rolled_back_to is not None) for r in rows]
    return back_to(reason, failed=failed.number, current=current, releases=tried)


def _written(
    deployment: Deployment, failure: Failure, failed: Release, number: int, made: Release, now: datetime
) -> AutoRollback:
    deploy = deployment.deploys.filter(release=failed).order_by("-pk").first()
    redeployed = deploy is not None and deploy.replaces_id is not None and not failure.turned_off
    row = AutoRollback.objects.create(
        deployment=deployment,
        failed=failed,
        back_to=releases.release_of(deployment, number),
        made=made,
        at=now,
        reason=failure.reason,
        text=failure.text[:4000],
        run=failure.run,
        redeployed=redeployed,
        cut_off=[str(holder) for holder in failure.holders],
    )
    if redeployed:
        Deployment.objects.filter(pk=deployment.pk).update(restoring=made)
    audit.record(
        SYSTEM,
        "auto_rollback",
        deployment=deployment,
        target=f"release {made.number}",
        summary=f"{told(row)} {fate(row)}",
        details={"reason": failure.reason, "cut_off": row.cut_off},
    )
    return row


def told(row: AutoRollback) -> str:
    """What was done, in a sentence."""
    failed = f"Release {row.failed.number} of {row.deployment.name} did not become ready"
    return f"{failed}, so the panel went back to release {row.back_to.number}, as release {row.made.number}."


def fate(row: AutoRollback) -> str:
    """What becomes of the server, and who was cut off, in sentences."""
    asleep = "It is deployed again and sleeps; nothing was lit by that."
    off = "It stays off; the next start uses that release."
    cut = f" Cut off: {', '.join(row.cut_off)}." if row.cut_off else " Nobody else was using it."
    return (asleep if row.redeployed else off) + cut


def restore(deployment: Deployment) -> bool:
    """What failed is out: let the reconciler bring the release that was gone back to. False where somebody
    made another release, started it or turned it off in the meantime. Lights nothing."""
    rows = Deployment.objects.filter(
        pk=deployment.pk,
        stop_kind=StopKind.NONE,
        breaker_opened_at__isnull=False,
        restoring=deployment.restoring_id,
        current_release=deployment.restoring_id,
    )
    return bool(
        rows.update(
            wanted=Wanted.ON, breaker_opened_at=None, breaker_reason="", breaker_text="", breaker_run=None
        )
    )


def waiting() -> QuerySet[Deployment]:
    """Deployments whose earlier release is still to be brought to the provider again. A freeze ends that:
    they stay off when it is lifted, and the next start uses that release."""
    rows = Deployment.objects.filter(restoring__isnull=False, archived_at__isnull=True)
    return rows.select_related("restoring").order_by("name")


def set_on(deployment: Deployment, on: bool, *, actor: Actor) -> None:
    """Whether the panel goes back by itself from now on. Raises Refused not_allowed."""
    if not actor.may(Scope.ADMIN, deployment.slug):
        raise not_allowed("Configuration needs an admin.")
    with transaction.atomic():
        if not Deployment.objects.filter(pk=deployment.pk, auto_rollback=not on).update(auto_rollback=on):
            return
        words = "lets" if on else "no longer lets"
        audit.record(
            actor,
            "configure",
            deployment=deployment,
            summary=f"{actor.name} {words} {deployment.name} go back by itself when a release fails.",
            details={"auto_rollback": {"before": not on, "after": on}},
        )
    deployment.auto_rollback = on


def shown(deployment: Deployment) -> AutoRollback | None:
    """The way back that the current release is; None where a person has made a newer one. One query."""
    rows = AutoRollback.objects.filter(deployment=deployment, made=deployment.current_release_id)
    return rows.select_related("failed", "back_to", "made", "deployment", "run").first()

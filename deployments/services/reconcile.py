"""Closing the difference between what is wanted and what was seen, one deployment at a time."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from django.utils import timezone

from deployments.models import Deployment, ErrorSource
from deployments.planning.decide import decide
from deployments.planning.steps import Step
from deployments.providers.base import ProviderError
from deployments.providers.registry import provider_for

from . import carry_out, kept_errors, prices
from .claims import Claim, LostClaim, guarded
from .facts import facts_of
from .frozen import current_freeze
from .loading import loaded, with_facts
from .redaction import known_secrets

log = structlog.get_logger(__name__)

_AT_ONCE = 250


def reconcile(deployment_id: int, *, now: datetime | None = None) -> list[Step]:
    """Decide and carry out the next steps of one deployment; gives those that were carried out.

    Safe to call from any process at any time and any number of times. Where another process is at it, nothing
    happens: that process, or the next round, sees the same facts. Provider errors are recorded, not raised.
    """
    now = now or timezone.now()
    claim = Claim(Deployment, deployment_id, "reconcile")
    if not claim.take():
        return []
    try:
        return _reconcile(deployment_id, claim, now)
    except LostClaim:
        log.warning("reconcile.lost_claim", deployment=deployment_id)
        return []
    finally:
        claim.release()


def due(deployment_ids: Sequence[int], *, now: datetime | None = None) -> list[int]:
    """Those of them for which a step is to be taken now; a constant number of queries for each few hundred.

    What is decided here is not carried out: `reconcile` decides anew under its claim. A round over hundreds
    of servers that sleep costs no more than reading them.
    """
    now, found = now or timezone.now(), list[int]()
    frozen = current_freeze() is not None
    for place in range(0, len(deployment_ids), _AT_ONCE):
        rows = Deployment.objects.filter(pk__in=deployment_ids[place : place + _AT_ONCE])
        for row in with_facts(rows.filter(archived_at__isnull=True), now):
            if _undecidable_or_steps(row, frozen, now):
                found.append(row.pk)
    return found


def _undecidable_or_steps(row: Deployment, frozen: bool, now: datetime) -> bool:
    """One whose facts raise is due: its own turn raises again, where that is recorded."""
    try:
        stale = bool(row.open_leases) and prices.are_stale(row, now)
        return bool(decide(facts_of(row, now, frozen=frozen, prices_stale=stale)))
    except Exception:  # the loop's edge: one bad deployment must not hide the others
        return True


def _reconcile(deployment_id: int, claim: Claim, now: datetime) -> list[Step]:
    deployment = loaded(deployment_id, now)
    if deployment.archived_at is not None:
        return []
    provider = guarded(provider_for(deployment.account), claim)
    stale = bool(deployment.open_leases) and prices.are_stale(deployment, now)
    steps = decide(facts_of(deployment, now, frozen=current_freeze() is not None, prices_stale=stale))
    done: list[Step] = []
    for step in steps:
        try:
            carry_out.carry_out(step, deployment, provider, now)
        except ProviderError as error:
            log.warning(
                "reconcile.refused", deployment=deployment.slug, step=type(step).__name__, error=str(error)
            )
            carry_out.note_refusal(deployment, error)
            name = f"{type(step).__name__} of {deployment.slug}"
            known = known_secrets(deployment.account)
            kept_errors.keep(ErrorSource.PROVIDER, name, error.message, known=known)
            break
        done.append(step)
    return done

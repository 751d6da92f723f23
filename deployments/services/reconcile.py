"""Closing the difference between what is wanted and what was seen, one deployment at a time."""

from datetime import datetime, timedelta

import structlog
from django.db.models import Q
from django.utils import timezone

from deployments.models import Deployment
from deployments.planning.decide import decide
from deployments.planning.steps import Step
from deployments.providers.base import ProviderError
from deployments.providers.registry import provider_for

from . import carry_out
from .facts import facts_of
from .frozen import current_freeze
from .loading import loaded

log = structlog.get_logger(__name__)

# No step takes longer (providers.base): a worker that died with the claim is forgotten after this.
CLAIM = timedelta(seconds=60)


def reconcile(deployment_id: int, *, now: datetime | None = None) -> list[Step]:
    """Decide and carry out the next steps of one deployment; gives those that were carried out.

    Safe to call from any process at any time and any number of times. Where another process is at it, nothing
    happens: that process, or the next round, sees the same facts. Provider errors are recorded, not raised.
    """
    now = now or timezone.now()
    if not _claim(deployment_id, now):
        return []
    try:
        return _reconcile(deployment_id, now)
    finally:
        Deployment.objects.filter(pk=deployment_id).update(reconcile_claimed_until=None)


def _reconcile(deployment_id: int, now: datetime) -> list[Step]:
    deployment = loaded(deployment_id, now)
    steps = decide(facts_of(deployment, now, frozen=current_freeze() is not None))
    done: list[Step] = []
    for step in steps:
        try:
            carry_out.carry_out(step, deployment, provider_for(deployment.account), now)
        except ProviderError as error:
            log.warning(
                "reconcile.refused", deployment=deployment.slug, step=type(step).__name__, error=str(error)
            )
            carry_out.note_refusal(deployment, error)
            break
        done.append(step)
    return done


def _claim(deployment_id: int, now: datetime) -> bool:
    free = Q(reconcile_claimed_until__isnull=True) | Q(reconcile_claimed_until__lt=now)
    rows = Deployment.objects.filter(free, pk=deployment_id, archived_at__isnull=True)
    return rows.update(reconcile_claimed_until=now + CLAIM) == 1

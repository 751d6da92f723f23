"""Carrying a wake to its end in hops, each by a short task of any worker."""

import uuid
from datetime import datetime, timedelta
from time import sleep as pause

import structlog
from django.db.models import F, Q
from django.utils import timezone

from deployments.models import OPEN_WAKES, Cause, Deployment, Freeze, StopKind, Wake, WakeStatus
from deployments.planning.decide import Break
from deployments.providers.base import NotDeployed, Provider, ProviderError, WakeHop, WakeOutcome, scaled
from deployments.providers.registry import provider_for

from . import breaker, enqueue, observe, secrets
from .facts import HOP_MARGIN, HOP_S

log = structlog.get_logger(__name__)

PAUSE = timedelta(seconds=2)
# How long a look by another worker is waited for before a wake's end is blamed on something.
_LOOKS, _LOOK_PAUSE_S = 10, 0.3


def hop(wake_id: int) -> bool:
    """Send the wake, or ask its result URL; False where another worker has it or it is over.

    The row says `sent` before the request leaves: a worker that dies in the middle makes nobody send it
    again, unless nothing of it is seen at the provider (decide.ResendWake). Blocks up to 150 s of the
    provider's time plus a margin.
    """
    claim = uuid.uuid4().hex
    if not _claim(wake_id, claim):
        return False
    wake = Wake.objects.select_related("deployment__account").get(pk=wake_id)
    provider = provider_for(wake.deployment.account)
    try:
        answer = _ask(wake, claim, provider)
    except NotDeployed as error:
        answer = None
        _forget_app(wake, error)
    except ProviderError as error:
        answer = WakeHop(WakeOutcome.FAILED, detail=error.message) if error.permanent else None
        log.warning("wake.refused", deployment=wake.deployment.slug, error=error.message)
    if answer is not None:
        _write(wake, claim, answer)
    # A provider that answers at once must not be asked in a loop: the next hop waits a moment.
    Wake.objects.filter(pk=wake_id, hop_claim=claim).update(
        hop_claim="", hop_claimed_until=timezone.now() + PAUSE
    )
    enqueue.reconcile_soon(wake.deployment_id)
    return True


def _forget_app(wake: Wake, error: NotDeployed) -> None:
    """The app was ended by somebody else: the next round deploys it again and wakes that one."""
    log.warning("wake.not_deployed", deployment=wake.deployment.slug, error=error.message)
    Deployment.objects.filter(pk=wake.deployment_id, app_id=wake.deployment.app_id).update(
        app_id="", endpoint_url="", live_release=None
    )
    Wake.objects.filter(pk=wake.pk, status__in=OPEN_WAKES).update(
        status=WakeStatus.CANCELLED, finished_at=timezone.now(), error=error.message[:2000]
    )


def _claim(wake_id: int, claim: str) -> bool:
    now = timezone.now()
    wake = Wake.objects.select_related("deployment__account").filter(pk=wake_id).first()
    if wake is None:
        return False
    until = now + scaled(HOP_S, wake.deployment.account.speed) + HOP_MARGIN
    free = Q(hop_claimed_until__isnull=True) | Q(hop_claimed_until__lt=now) | Q(hop_claimed_until__gt=until)
    rows = Wake.objects.filter(free, pk=wake_id, status__in=OPEN_WAKES)
    return rows.update(hop_claim=claim, hop_claimed_until=until) == 1


def _ask(wake: Wake, claim: str, provider: Provider) -> WakeHop | None:
    if wake.result_url:
        return provider.follow_wake(wake.result_url)
    if wake.status == WakeStatus.SENT:
        return None
    secrets.write_if_due(wake.deployment.account, provider)  # takes seconds: the last look comes after it
    if not _may_send(wake.deployment):
        return None
    sending = Wake.objects.filter(pk=wake.pk, hop_claim=claim, status=WakeStatus.REQUESTED)
    if not sending.update(status=WakeStatus.SENT, sent_at=timezone.now(), sends=F("sends") + 1):
        return None
    return provider.send_wake(wake.deployment.endpoint_url)


def _may_send(deployment: Deployment) -> bool:
    """The last look before money is spent: nothing was stopped, frozen or broken since the decision."""
    rows = Deployment.objects.filter(
        pk=deployment.pk,
        stop_kind=StopKind.NONE,
        breaker_opened_at__isnull=True,
        leases__ended_at__isnull=True,
    )
    frozen = Freeze.objects.filter(lifted_at__isnull=True).exists()
    return bool(deployment.endpoint_url) and rows.exists() and not frozen


def _write(wake: Wake, claim: str, answer: WakeHop) -> None:
    now = timezone.now()
    mine = Wake.objects.filter(pk=wake.pk, hop_claim=claim, status=WakeStatus.SENT)
    if answer.outcome is WakeOutcome.CONTINUES:
        # Also where the claim ran out meanwhile: without this address the wake would have to be sent again.
        Wake.objects.filter(Q(result_url="") | Q(hop_claim=claim), pk=wake.pk, status=WakeStatus.SENT).update(
            result_url=answer.result_url
        )
    elif answer.outcome is WakeOutcome.READY:
        if mine.update(status=WakeStatus.DONE, finished_at=now, result_url=""):
            observe.note_ready(wake.deployment_id, now)
    elif answer.outcome is WakeOutcome.RESULT_GONE:
        mine.update(result_url="")
    elif mine.exists():
        _refused(wake, answer.detail, now)


def _refused(wake: Wake, words: str, now: datetime) -> None:
    """The wake was answered with no. Where a container is up, its own end is the reason, and it was billed:
    an engine that died in this moment answers so, and says why in its log."""
    for _ in range(_LOOKS):
        if observe.observe(wake.deployment.account_id, force=True):
            break
        pause(_LOOK_PAUSE_S)  # another worker is looking: what it finds is not all written yet
    run = (
        wake.deployment.runs.filter(first_seen_at__gte=wake.created_at).exclude(cause=Cause.DOWNLOAD).first()
    )
    reason, text = Break.WAKE_FAILED, words
    if run is not None and run.engine_died_at is not None:
        reason, text = (Break.ENGINE_DIED if run.ready_at else Break.BOOT_DIED), run.engine_error
    breaker.open_breaker(
        wake.deployment, reason=reason, run_id=run.pk if run is not None else None, now=now, text=text
    )

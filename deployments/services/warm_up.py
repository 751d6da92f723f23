"""The warm-up right after ready: a few short answers to prompts of several lengths, so that nobody else waits
while the engine compiles its kernels for them."""

import json
import time
from datetime import datetime

import structlog
from django.db import transaction
from django.utils import timezone

from deployments.models import Deployment, Lease, Run, StopKind
from deployments.planning.spec import Spec
from deployments.providers.base import ProviderError, scaled
from deployments.providers.registry import provider_for

from .facts import WARM_UP_LIMIT_S, spec_of
from .locking import locked

log = structlog.get_logger(__name__)

# Prompt lengths at which engines compile anew; a token is about a word of this filler.
LENGTHS, ANSWER_TOKENS, FILLER = (16, 512, 4096, 16384), 4, "warm "
# A template of the chat, the answer and what a tokenizer counts otherwise must fit beside the prompt.
MARGIN_TOKENS = 64
LEAST_S = 15.0


def warm_up(run_id: int) -> bool:
    """Warm this run up, once in its life; False where that was done, or it is lit no more.

    Its requests go to the engine, not through the gateway: they are nobody's use. Blocks for at most two
    minutes of the provider's time. A failure is kept on the run and changes nothing else.
    """
    now = timezone.now()
    run = (
        Run.objects.select_related("deployment__account", "deployment__live_release")
        .filter(pk=run_id)
        .first()
    )
    if run is None or not _begin(run, now):
        return False
    error = _send(run)
    done = timezone.now()
    Run.objects.filter(pk=run_id).update(warmed_at=done, warm_up_error=error[:300])
    # The provider counts its idle window from the last of them.
    Deployment.objects.filter(pk=run.deployment_id).exclude(last_ping_at__gt=done).update(last_ping_at=done)
    return True


def _begin(run: Run, now: datetime) -> bool:
    """The last look before requests leave. Under the lock, as orders to put it out are: either the order
    comes first and nothing is sent, or it sees that a warm-up is under way and waits for its answers."""
    with transaction.atomic():
        locked(run.deployment_id)
        if not (run.ready_at and run.deployment.endpoint_url and _still_lit(run)):
            return False
        return bool(Run.objects.filter(pk=run.pk, warm_up_at__isnull=True).update(warm_up_at=now))


def _still_lit(run: Run) -> bool:
    """It is there, held and not being put out, as the rows say at this moment."""
    rows = Run.objects.filter(pk=run.pk, ended_at__isnull=True, missing_since__isnull=True)
    held = Lease.objects.filter(deployment=run.deployment_id, ended_at__isnull=True)
    return rows.filter(deployment__stop_kind=StopKind.NONE).exists() and held.exists()


def _send(run: Run) -> str:
    """Empty where all went well, else the words of what did not.

    Between two lengths somebody may put it out: the next request would light it again behind their back.
    """
    account = run.deployment.account
    deadline = time.monotonic() + max(LEAST_S, scaled(WARM_UP_LIMIT_S, account.speed).total_seconds())
    try:
        for body in bodies(spec_of(run.deployment)):
            if not _still_lit(run):
                return "It was put out before the warm-up was over."
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return "The warm-up was not over in time."
            provider_for(account).warm_up(
                run.deployment.endpoint_url,
                engine_key=account.engine_key,
                bodies=[body],
                limit_s=left_s,
            )
    except ProviderError as error:
        log.warning("warm_up.failed", deployment=run.deployment.slug, error=error.message)
        return error.message
    return ""


def bodies(spec: Spec) -> list[bytes]:
    """The requests, shortest first, each within the context of the model."""
    most = spec.max_model_len or max(LENGTHS) + MARGIN_TOKENS
    fitting = [length for length in LENGTHS if length + MARGIN_TOKENS <= most]
    return [
        json.dumps(
            {
                "model": spec.served_name,
                "prompt": FILLER * length,
                "max_tokens": ANSWER_TOKENS,
                "temperature": 0,
            }
        ).encode()
        for length in fitting
    ]

"""Why a run ended."""

from datetime import datetime

from deployments.models import Cause, Deployment, EndReason, Run, StopKind
from deployments.planning.decide import Break
from deployments.providers.base import scaled

from .facts import spec_of

# Ends that nobody ordered: the server is put out and stays out until a person starts it.
BREAKS: dict[EndReason, Break] = {
    EndReason.BOOT_FAILED: Break.BOOT_DIED,
    EndReason.ENGINE_DIED: Break.ENGINE_DIED,
}
_ORDERED = {
    "sleep": EndReason.SLEPT,
    "turn_off": EndReason.TURNED_OFF,
    "frozen": EndReason.FROZEN,
    "budget": EndReason.BUDGET,
    "until": EndReason.UNTIL,
    "released": EndReason.SLEPT,
    "unclaimed": EndReason.IDLE,
}
_BROKEN = {
    Break.BOOT_TIMEOUT: EndReason.BOOT_TIMEOUT,
    Break.ENGINE_DIED: EndReason.ENGINE_DIED,
}
# The provider's idle window is a maximum (documented): a little early is still idle.
IDLE_SHARE = 0.8


def reason(run: Run, deployment: Deployment, at: datetime) -> EndReason:
    """The reason for a run that is gone at `at`, from what was ordered and what was seen."""
    if run.cause == Cause.DOWNLOAD:
        return EndReason.FINISHED
    if deployment.stop_kind != StopKind.NONE and deployment.breaker_opened_at is None:
        ordered = deployment.stop_requested_at
        if run.engine_died_at is None or (ordered is not None and run.engine_died_at >= ordered):
            return _ORDERED.get(deployment.stop_reason, EndReason.TURNED_OFF)
    if run.engine_died_at is not None:
        return EndReason.ENGINE_DIED if run.ready_at else EndReason.BOOT_FAILED
    if deployment.breaker_opened_at is not None:
        return _BROKEN.get(Break(deployment.breaker_reason), EndReason.BOOT_FAILED)
    if deployment.live_release_id != run.release_id and deployment.live_release_id is not None:
        return EndReason.REPLACED
    if run.ready_at is None:
        return EndReason.BOOT_FAILED
    return EndReason.IDLE if _was_idle(run, deployment, at) else EndReason.GONE


def _was_idle(run: Run, deployment: Deployment, at: datetime) -> bool:
    marks = (run.ready_at, deployment.last_use_at, deployment.last_ping_at)
    last = max(mark for mark in marks if mark is not None)
    window = scaled(spec_of(deployment).idle_window_s, deployment.account.speed)
    return (at - last) >= window * IDLE_SHARE

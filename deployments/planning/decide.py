"""The decision: from what is wanted and what was seen to the next steps. Pure, and safe to repeat.

Called for every deployment every few seconds by whichever worker comes first. It never counts on an earlier
step having succeeded: each step follows from facts alone, so a worker that dies costs one period.
"""

from enum import StrEnum

from .facts import ContainerFact, Facts, Stop
from .keep_warm import ping_due
from .put_out import put_out
from .steps import (
    BeginStop,
    CancelDeploy,
    CloseWake,
    CreateWake,
    EndLeases,
    HopWake,
    OpenBreaker,
    Ping,
    RequestDeploy,
    ResendWake,
    RunDeploy,
    Step,
    StepDownload,
)

# A lease until a time may be lit again after its container went away unasked, this often in all.
RELIGHTS = 2
# A wake whose sender died is sent again only while nothing of it is seen, and this often in all.
SENDS = 3


class Break(StrEnum):
    """Why a server was put out by the panel and stays out until a person starts it again."""

    BOOT_REPEATED = "boot_repeated"
    BOOT_DIED = "boot_died"
    BOOT_TIMEOUT = "boot_timeout"
    NO_CAPACITY = "no_capacity"
    ENGINE_DIED = "engine_died"
    DEPLOY_FAILED = "deploy_failed"
    WAKE_FAILED = "wake_failed"
    RELIT_TOO_OFTEN = "relit_too_often"


def decide(facts: Facts) -> list[Step]:
    """The next steps, in order. Empty where nothing is to be done, or nothing can safely be done."""
    if facts.stop is not None:
        return put_out(facts, facts.stop)
    over = _expired(facts)
    if facts.frozen or facts.breaker_open or not facts.wanted_on:
        return over + _forbid(facts)
    broken = _broken(facts)
    if broken is not None:
        return [*over, broken]
    if facts.blind:
        return over
    if facts.download is not None:
        over = over + _download(facts)
    return over + (_light(facts) if facts.lit_wanted else _let_go(facts))


def _expired(facts: Facts) -> list[Step]:
    ended = tuple(lease.id for lease in facts.leases if not lease.holds(facts.now))
    return [EndLeases(ended, "until")] if ended else []


def _forbid(facts: Facts) -> list[Step]:
    """Frozen, broken or not wanted: whatever of ours is lit or could be lit is put out."""
    ours = facts.serving or facts.wake or (facts.frozen and facts.app_exists)
    if ours and (facts.frozen or facts.breaker_open):
        return [BeginStop(Stop.OFF, "frozen" if facts.frozen else "failed")]
    closing: list[Step] = []
    if facts.deploy is not None and not facts.deploy.busy:
        closing.append(CancelDeploy(facts.deploy.id))
    if facts.wake is not None:
        closing.append(CloseWake(facts.wake.id, done=False))
    return closing


def _broken(facts: Facts) -> OpenBreaker | None:
    for container in facts.serving:
        reason = _container_broken(facts, container)
        if reason is not None:
            return OpenBreaker(reason, container.run_id)
    if facts.wake is not None and facts.wake.boots > 1 and facts.ready is None:
        newest = facts.serving[-1].run_id if facts.serving else None
        return OpenBreaker(Break.BOOT_REPEATED, newest)
    return None


def _container_broken(facts: Facts, container: ContainerFact) -> Break | None:
    if container.engine_died:
        return Break.ENGINE_DIED if container.ready_at else Break.BOOT_DIED
    if container.ready_at:
        return None
    if container.started_at is not None:
        late = facts.now > container.started_at + facts.windows.boot_deadline
        return Break.BOOT_TIMEOUT if late else None
    waited = facts.now > container.first_seen_at + facts.windows.queue_deadline
    return Break.NO_CAPACITY if waited else None


def _light(facts: Facts) -> list[Step]:
    if facts.ready is not None:
        return _keep(facts, facts.ready)
    if facts.serving:
        return _hop(facts)
    if facts.live_release != facts.current_release or not facts.app_exists:
        return _deploy(facts)
    if facts.wake is not None:
        return _hop(facts)
    return _wake(facts)


def _deploy(facts: Facts) -> list[Step]:
    if facts.current_release is None:
        return []
    if facts.deploy is None:
        return [RequestDeploy(facts.current_release)]
    if facts.deploy.busy or (facts.deploy.retry_at is not None and facts.deploy.retry_at > facts.now):
        return []
    if facts.deploy.release != facts.current_release:
        return [CancelDeploy(facts.deploy.id), RequestDeploy(facts.current_release)]
    return [RunDeploy(facts.deploy.id)]


def _wake(facts: Facts) -> list[Step]:
    """Light it for a fresh lease; end the leases whose server went out by itself."""
    if facts.backlog > 0:
        return []  # the provider is bringing back the work of a container that it took away
    gone = tuple(lease.id for lease in facts.holding if lease.until is None and lease.runs_ended > 0)
    worn = tuple(
        lease.id for lease in facts.holding if lease.until is not None and lease.runs_ended > RELIGHTS
    )
    steps: list[Step] = []
    if gone:
        steps.append(EndLeases(gone, "idle"))
    if worn:
        steps.append(EndLeases(worn, "gone"))
    fresh = next((lease for lease in facts.holding if lease.id not in gone + worn), None)
    if fresh is not None:
        steps.append(CreateWake(fresh.id))
    return steps


def _hop(facts: Facts) -> list[Step]:
    wake = facts.wake
    if wake is None or wake.hop_busy:
        return []
    if wake.sent_at is None or wake.has_result_url:
        return [HopWake(wake.id)]
    nothing_left = not facts.serving and facts.backlog == 0
    looked_since = (
        facts.observed_at is not None and facts.observed_at > wake.sent_at + facts.windows.resend_after
    )
    if nothing_left and looked_since:
        return [ResendWake(wake.id)] if wake.sends < SENDS else [OpenBreaker(Break.WAKE_FAILED)]
    return []


def _keep(facts: Facts, ready: ContainerFact) -> list[Step]:
    steps: list[Step] = []
    if facts.wake is not None:
        steps.append(CloseWake(facts.wake.id, done=True))
    if ping_due(facts, ready):
        steps.append(Ping(ready.run_id))
    return steps


def _let_go(facts: Facts) -> list[Step]:
    """Nobody holds it. What was lit for a lease that is over is drained and put to sleep."""
    steps: list[Step] = []
    expired = any(not lease.holds(facts.now) for lease in facts.leases)
    if expired and (facts.serving or facts.wake is not None):
        steps.append(BeginStop(Stop.SLEEP, "until"))
    elif facts.wake is not None:
        steps.append(BeginStop(Stop.OFF, "released"))
    elif facts.deploy is not None and not facts.deploy.busy and facts.download is None:
        steps.append(CancelDeploy(facts.deploy.id))
    return steps


def _download(facts: Facts) -> list[Step]:
    download = facts.download
    if download is None or download.busy:
        return []
    if not facts.app_exists:
        return [] if facts.lit_wanted else _deploy(facts)
    return [StepDownload(download.id)]

"""The decision: from what is wanted and what was seen to the next steps. Pure, and safe to repeat.

Called for every deployment every few seconds by whichever worker comes first. It never counts on an earlier
step having succeeded: each step follows from facts alone, so a worker that dies costs one period.
"""

from datetime import datetime
from enum import StrEnum

from .facts import ContainerFact, Facts, LeaseFact, Stop, WakeFact
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
    Restore,
    RunDeploy,
    Step,
    StepDownload,
    WarmUp,
)
from .unclaimed import given_up_at

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


def decide(facts: Facts) -> list[Step]:
    """The next steps, in order. Empty where nothing is to be done, or nothing can safely be done.

    What puts a server out comes before what ends its lease: a worker that dies between the two must not
    take with it the only trace of why the server has to go out.
    """
    if facts.stop is not None:
        return put_out(facts, facts.stop)
    over = _expired(facts)
    if facts.frozen or facts.breaker_open or not facts.wanted_on:
        return _forbid(facts) + over or _restore(facts)
    broken = _broken(facts)
    if broken is not None:
        return [*over, broken]
    if not facts.lit_wanted:
        return ([] if facts.blind else _download(facts) or _bring_back(facts)) + _let_go(facts) + over
    return over if facts.blind else _download(facts) + _light(facts) + over


def _expired(facts: Facts) -> list[Step]:
    ended = tuple(lease.id for lease in facts.leases if not lease.holds(facts.now))
    return [EndLeases(ended, "until")] if ended else []


def _forbid(facts: Facts) -> list[Step]:
    """Frozen, broken or not wanted: whatever of ours is lit or could be lit is put out.

    That an app is there although nothing is wanted happens where a deploy ends after its order to stop did.
    """
    forced = facts.frozen or facts.breaker_open
    left = facts.app_exists or facts.maybe_deployed or facts.serving
    if (left and not _deploying(facts)) or (forced and facts.wake is not None):
        return [BeginStop(Stop.OFF, _why_forbidden(facts))]
    closing: list[Step] = []
    if facts.deploy is not None and not facts.deploy.busy:
        closing.append(CancelDeploy(facts.deploy.id))
    if facts.wake is not None:
        closing.append(CloseWake(facts.wake.id, done=False))
    return closing


def _restore(facts: Facts) -> list[Step]:
    """The panel went back to an earlier release, and what failed is out."""
    return [Restore()] if facts.breaker_open and facts.comes_back and not facts.frozen else []


def _bring_back(facts: Facts) -> list[Step]:
    """Deployed for nobody: it is then asleep, as an earlier release was before the one that failed."""
    return _deploy(facts) if facts.comes_back else []


def _deploying(facts: Facts) -> bool:
    return facts.deploy is not None and facts.deploy.busy and not facts.app_exists and not facts.serving


def _why_forbidden(facts: Facts) -> str:
    if facts.frozen:
        return "frozen"
    return "failed" if facts.breaker_open else "turn_off"


def _broken(facts: Facts) -> OpenBreaker | None:
    for container in facts.serving:
        reason = _container_broken(facts, container)
        if reason is not None:
            return OpenBreaker(reason, container.run_id)
    return None if facts.wake is None or facts.ready is not None else _wake_broken(facts, facts.wake)


def _wake_broken(facts: Facts, wake: WakeFact) -> OpenBreaker | None:
    if wake.boots > 1:
        newest = facts.serving[-1].run_id if facts.serving else None
        return OpenBreaker(Break.BOOT_REPEATED, newest)
    if facts.serving or wake.sent_at is None or not _queued_too_long(facts, wake.sent_at):
        return None
    return OpenBreaker(Break.NO_CAPACITY)  # the request still waits, and no container was ever shown


def _container_broken(facts: Facts, container: ContainerFact) -> Break | None:
    if container.engine_died:
        return Break.ENGINE_DIED if container.ready_at else Break.BOOT_DIED
    if container.ready_at:
        return None
    if container.started_at is not None:
        late = facts.now > container.started_at + facts.windows.boot_deadline
        return Break.BOOT_TIMEOUT if late else None
    return Break.NO_CAPACITY if _queued_too_long(facts, container.first_seen_at) else None


def _queued_too_long(facts: Facts, since: datetime) -> bool:
    """Judged at the last look, not by the clock: while nobody can look, a container may well have come."""
    return facts.observed_at is not None and facts.observed_at > since + facts.windows.queue_deadline


def _light(facts: Facts) -> list[Step]:
    if facts.ready is not None:
        given_up = given_up_at(facts, facts.ready)
        return _give_up(facts) if given_up and facts.now >= given_up else _keep(facts, facts.ready)
    if facts.serving:
        return _hop(facts)
    spent = _spent(facts)
    fresh = next((lease for lease in facts.holding if lease.id not in spent), None)
    ending: list[Step] = [
        EndLeases(tuple(id_ for id_, why in spent.items() if why == reason), reason)
        for reason in dict.fromkeys(spent.values())
    ]
    return ending if fresh is None else ending + _light_for(facts, fresh)


def _light_for(facts: Facts, lease: LeaseFact) -> list[Step]:
    if facts.wake is None and not facts.may_light:
        return []
    if facts.live_release != facts.current_release or not facts.app_exists:
        return _deploy(facts)
    if facts.wake is not None:
        return _hop(facts)
    if facts.backlog > 0:
        return []  # the provider is bringing back the work of a container that it took away
    return [CreateWake(lease.id)]


def _spent(facts: Facts) -> dict[int, str]:
    """The leases whose server went out by itself, and that do not light it again, each with its reason.

    A lease until a time is worth another boot only while more than an idle window of it is left: nothing
    is pinged after that, and it goes out by itself a moment before its end, which must not light it again.
    """
    if facts.wake is not None or facts.backlog > 0:
        return {}
    spent: dict[int, str] = {}
    for lease in facts.holding:
        if lease.runs_ended > 0 and (lease.until is None or lease.until - facts.now <= facts.windows.idle):
            spent[lease.id] = "idle"
        elif lease.runs_ended > RELIGHTS:
            spent[lease.id] = "gone"
    return spent


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


def _hop(facts: Facts) -> list[Step]:
    wake = facts.wake
    if wake is None or wake.hop_busy:
        return []
    if wake.has_result_url:
        return [HopWake(wake.id)]
    if not facts.may_light:
        return []  # following what was sent costs nothing new; sending does
    if wake.sent_at is None:
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
    if facts.may_light and ready.warm_up_due and _just_ready(facts, ready):
        steps.append(WarmUp(ready.run_id))
    if facts.may_light and ping_due(facts, ready):
        steps.append(Ping(ready.run_id))
    return steps


def _just_ready(facts: Facts, ready: ContainerFact) -> bool:
    """The warm-up is right after the wake, or not at all: later it would be use that nobody asked for."""
    return ready.ready_at is not None and facts.now < ready.ready_at + facts.windows.idle / 4


def _give_up(facts: Facts) -> list[Step]:
    return [
        BeginStop(Stop.SLEEP, "unclaimed"),
        EndLeases(tuple(lease.id for lease in facts.holding), "idle"),
    ]


def _let_go(facts: Facts) -> list[Step]:
    """Nobody holds it. What was lit for a lease that is over is drained and put to sleep."""
    steps: list[Step] = []
    expired = any(not lease.holds(facts.now) for lease in facts.leases)
    if expired and (facts.serving or facts.wake is not None):
        steps.append(BeginStop(Stop.SLEEP, "until"))
    elif facts.wake is not None:
        steps.append(BeginStop(Stop.OFF, "released"))
    elif facts.deploy is not None and not facts.deploy.busy and not _deploy_wanted(facts):
        steps.append(CancelDeploy(facts.deploy.id))
    return steps


def _deploy_wanted(facts: Facts) -> bool:
    return facts.download is not None or facts.comes_back


def _download(facts: Facts) -> list[Step]:
    download = facts.download
    if download is None or download.busy:
        return []
    if not facts.app_exists:
        return [] if facts.lit_wanted else _deploy(facts)
    return [StepDownload(download.id)]

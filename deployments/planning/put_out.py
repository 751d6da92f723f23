"""How a stop order is carried out, from what was seen to the next steps, until nothing is left."""

from datetime import datetime

from .facts import Facts, Stop, StopFact
from .steps import CancelDeploy, CloseStop, CloseWake, MarkClear, Step, StopContainers, TurnOff


def put_out(facts: Facts, stop: StopFact) -> list[Step]:
    """The next steps of the open stop order. Safe while the provider cannot be read: ending is repeated."""
    steps: list[Step] = [CloseWake(facts.wake.id, done=False)] if facts.wake is not None else []
    if stop.kind is Stop.OFF:
        return steps + _put_off(facts, stop)
    return steps + _put_to_sleep(facts, stop)


def _put_off(facts: Facts, stop: StopFact) -> list[Step]:
    if facts.deploy is not None and facts.deploy.busy:
        return []  # it polls for this order and gives up; only then is it certain what is left
    steps: list[Step] = [] if facts.deploy is None else [CancelDeploy(facts.deploy.id)]
    if facts.app_exists or facts.maybe_deployed or facts.containers:
        return [*steps, TurnOff()]
    return [*steps, CloseStop()] if _looked_since(facts, stop) else steps


def _put_to_sleep(facts: Facts, stop: StopFact) -> list[Step]:
    waking = facts.ready is None and (bool(facts.serving) or facts.wake is not None)
    if stop.clear_since is None and waking:
        # What boots has a request waiting at the provider, which would start it again.
        return [TurnOff(relit=any(c.first_seen_at > stop.requested_at for c in facts.serving))]
    if facts.serving:
        return _drain(facts, stop)
    if facts.backlog > 0 and facts.app_exists:
        return [TurnOff(relit=True)]
    if not _looked_since(facts, stop):
        return []
    if stop.clear_since is None:
        return [MarkClear()]
    watched = facts.now >= stop.clear_since + facts.windows.relight_watch
    return [CloseStop()] if watched or facts.holding else []


def _drain(facts: Facts, stop: StopFact) -> list[Step]:
    if stop.clear_since is not None:  # it was out already: work that came back has lit it again
        return [CloseStop()] if facts.holding else [TurnOff(relit=True)]
    ids = tuple(container.container_id for container in facts.serving)
    # A warm-up gives up at the order. What it has asked for already would come back and light it again.
    warming = any(container.warming for container in facts.serving)
    quiet = facts.in_flight == 0 and facts.running_inputs == 0 and not warming
    # Also where nothing is drained, the hard stop gets a while to work before the endpoint has to go: two
    # looks at least, for a sandbox's time flies and a process still takes its seconds to end.
    hard_at = _hard_at(facts, stop, warming=warming)
    windows = facts.windows
    if facts.now >= hard_at + max(windows.drain, windows.relight_watch, 2 * windows.tick):
        return [TurnOff()]
    if facts.now >= hard_at:
        return [StopContainers(ids, graceful=False)]
    return [StopContainers(ids, graceful=True)] if quiet else []


def _hard_at(facts: Facts, stop: StopFact, *, warming: bool) -> datetime:
    """An order without a drain waits a moment for the panel's own requests, which end after one pair; from
    their end on the hard stop has its time."""
    if warming:
        return max(stop.hard_at, stop.requested_at + max(facts.windows.relight_watch, 2 * facts.windows.tick))
    ends = [container.warmed_at for container in facts.serving if container.warmed_at is not None]
    return max([stop.hard_at, *ends])


def _looked_since(facts: Facts, stop: StopFact) -> bool:
    return facts.observed_at is not None and facts.observed_at > stop.requested_at

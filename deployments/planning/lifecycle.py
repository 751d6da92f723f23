"""The states people read, and the moves between them."""

from datetime import datetime, timedelta
from enum import StrEnum

from .facts import Facts, Stop


class State(StrEnum):
    """What a deployment is, as shown. Derived from facts, never stored."""

    OFF = "off"
    DEPLOYING = "deploying"
    ASLEEP = "asleep"
    WAKING = "waking"
    READY = "ready"
    DEGRADED = "degraded"
    STOPPING = "stopping"
    FAILED = "failed"
    UNKNOWN = "unknown"


BURNING = frozenset({State.WAKING, State.READY, State.DEGRADED, State.STOPPING})
MOVING = frozenset({State.DEPLOYING, State.WAKING, State.STOPPING})


def state_of(facts: Facts, *, blind_since: datetime | None = None, degraded: bool = False) -> State:
    """The state that people read, from what is wanted and what was seen."""
    if (
        blind_since is not None
        and facts.now > blind_since + BLIND_AFTER
        and (facts.wanted_on or facts.containers)
    ):
        return State.UNKNOWN
    if facts.stop is not None and _still_there(facts):
        return State.STOPPING
    if facts.breaker_open:
        return State.FAILED
    if facts.ready is not None:
        return State.DEGRADED if degraded else State.READY
    if facts.serving or facts.wake is not None:
        return State.WAKING
    if facts.deploy is not None:
        return State.DEPLOYING
    if facts.lit_wanted and facts.stop is None:
        return State.WAKING if facts.app_exists else State.DEPLOYING
    return State.ASLEEP if facts.app_exists else State.OFF


# Shorter spells of a provider that does not answer are not shown.
BLIND_AFTER = timedelta(seconds=20)


def _still_there(facts: Facts) -> bool:
    off = facts.stop is not None and facts.stop.kind is Stop.OFF
    return bool(facts.serving) or facts.wake is not None or (off and facts.app_exists)

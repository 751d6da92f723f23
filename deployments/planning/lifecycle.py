"""The states people read, and the moves between them."""

from enum import StrEnum


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

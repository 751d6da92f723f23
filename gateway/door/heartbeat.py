"""What a client hears while its stream waits for a server."""

from deployments.public import Route, State

from .paths import Dialect
from .reply import Reply

# Something is sent at least every 5 s, by contract: proxies and clients give up on silence. A change of phase
# is told at once.
EVERY_S = 4.0

_PING = b'event: ping\ndata: {"type": "ping"}\n\n'
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
_STATE_PHASES = {
    State.OFF: "deploying",
    State.DEPLOYING: "deploying",
    State.STOPPING: "stopping",
    State.UNKNOWN: "unknown",
}


def phase_of(route: Route) -> str:
    """What the server is at, in one word."""
    return _STATE_PHASES.get(route.state) or route.phase or "queued"


class Heartbeat:
    """Comments in a stream, which clients drop; Anthropic's clients also expect its ping events."""

    def __init__(self, reply: Reply, dialect: Dialect) -> None:
        self._reply = reply
        self._anthropic = dialect is Dialect.ANTHROPIC
        self._due_at = float("-inf")
        self._phase = ""

    async def beat(self, route: Route, eta_s: int | None, now: float) -> None:
        """Send one where it is due at the monotonic time `now`; the first one opens the stream."""
        phase = phase_of(route)
        if now < self._due_at and phase == self._phase:
            return
        self._due_at, self._phase = now + EVERY_S, phase
        if not self._reply.started:
            await self._reply.start(200, _HEADERS, streaming=True)
        known = f" eta_s={eta_s}" if eta_s is not None else ""
        comment = f": waking phase={phase}{known}\n\n".encode()
        await self._reply.body(comment + (_PING if self._anthropic else b""), more=True)

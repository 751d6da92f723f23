"""One request from its arrival to its row."""

import asyncio
import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from deployments.public import Route
from gateway.known_key import KnownKey
from gateway.models import Outcome, UsageRecord

from .clock import Clock
from .paths import Dialect
from .tokens import Tokens


def new_request_id() -> str:
    """A name for one request, as in the header `x-pilotlight-request-id`."""
    return f"req_{secrets.token_hex(12)}"


@dataclass(slots=True, eq=False)
class Exchange:
    """What is known of one request so far. Durations are in seconds of the monotonic clock."""

    path: str
    dialect: Dialect
    clock: Clock
    task: "asyncio.Task[None] | None"
    started_at: datetime = field(init=False)
    started: float = field(init=False)
    request_id: str = field(default_factory=new_request_id)
    caller_request_id: str = ""
    key: KnownKey | None = None
    route: Route | None = None
    recorded: bool = False
    counts_as_use: bool = False
    model: str = ""
    stream: bool = False
    status: int = 499  # nobody was answered, until somebody was
    outcome: Outcome = Outcome.REFUSED
    error_code: str = ""
    bytes_in: int = 0
    bytes_out: int = 0
    first_byte_s: float | None = None
    duration_s: float = 0.0
    tokens: Tokens = field(default_factory=Tokens)
    asked: bool = False
    asked_at: float | None = None
    waiting_since: float | None = None
    waited_s: float | None = None
    sending_since: float | None = None
    stalled: bool = False

    def __post_init__(self) -> None:
        self.started_at = self.clock.now()
        self.started = self.clock.monotonic()

    def log_names(self) -> dict[str, str]:
        """What stands in every line that is logged about it."""
        named = {"request_id": self.request_id}
        return named | ({"caller_request_id": self.caller_request_id} if self.caller_request_id else {})

    def elapsed_s(self) -> float:
        """Seconds since it came."""
        return self.clock.monotonic() - self.started

    @contextlib.contextmanager
    def waits(self) -> Iterator[None]:
        """Within the block it waits for its server, which is no use of it."""
        self.waiting_since = self.clock.monotonic()
        try:
            yield
        finally:
            self.waited_s = self.clock.monotonic() - self.waiting_since
            self.waiting_since = None

    def asks(self) -> None:
        """Note that the engine is asked now."""
        self.asked = True
        self.asked_at = self.clock.monotonic()

    def first_byte(self) -> None:
        """Note when the first byte of the engine's answer came, counted from when it was asked; later calls
        change nothing."""
        if self.first_byte_s is None and self.asked_at is not None:
            self.first_byte_s = self.clock.monotonic() - self.asked_at

    def ended(self, outcome: Outcome, error_code: str = "") -> None:
        """Say how it went."""
        self.outcome = outcome
        self.error_code = error_code[:40]

    def row(self) -> UsageRecord:
        """The row to write of it; only of a request whose key is known."""
        return UsageRecord(
            request_id=self.request_id,
            caller_request_id=self.caller_request_id,
            deployment_id=self.route.deployment_id if self.route else None,
            deployment_slug=self.route.slug if self.route else "",
            key_id=self.key.key_id if self.key else None,
            user_id=self.key.owner_id if self.key else None,
            path=self.path[:40],
            model=_storable(self.model[:200]),
            status=self.status,
            stream=self.stream,
            started_at=self.started_at,
            first_byte_s=self.first_byte_s,
            waited_s=self.waited_s,
            duration_s=self.duration_s,
            prompt_tokens=self.tokens.prompt,
            cached_tokens=self.tokens.cached,
            completion_tokens=self.tokens.completion,
            reasoning_tokens=self.tokens.reasoning,
            bytes_in=self.bytes_in,
            bytes_out=self.bytes_out,
            outcome=self.outcome,
            error_code=self.error_code,
        )


def _storable(text: str) -> str:
    """As a database takes it: JSON may hold a NUL, and half a pair of UTF-16. One row that cannot be written
    would keep all others from being written."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")

"""Everything a decision is made from, as plain values."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Stop(StrEnum):
    """An order to put a server out."""

    SLEEP = "sleep"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class LeaseFact:
    """One open lease. `runs_ended` counts the containers that ended since it began; `by_request` says that a
    request at the gateway asked for it, and no person or schedule."""

    id: int
    created_at: datetime
    until: datetime | None
    runs_ended: int = 0
    by_request: bool = False

    def holds(self, now: datetime) -> bool:
        """True while the lease keeps the server lit."""
        return self.until is None or self.until > now


@dataclass(frozen=True, slots=True)
class ContainerFact:
    """One container that exists, as last seen. `warm_up_due` until a warm-up it is to have has begun, and
    `warming` from then on until the last of its requests is answered, at `warmed_at`."""

    run_id: int
    container_id: str
    first_seen_at: datetime
    started_at: datetime | None
    ready_at: datetime | None
    engine_died: bool = False
    serves: bool = True
    warm_up_due: bool = False
    warming: bool = False
    warmed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WakeFact:
    """The open wake. `hop_busy` while a worker is at it; `boots` counts its containers so far."""

    id: int
    sent_at: datetime | None
    sends: int
    has_result_url: bool
    hop_busy: bool
    boots: int = 0


@dataclass(frozen=True, slots=True)
class DeployFact:
    """The open deploy. `busy` while a worker's heartbeat is fresh."""

    id: int
    release: int
    busy: bool
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DownloadFact:
    """The open weights download."""

    id: int
    call_id: str
    busy: bool


@dataclass(frozen=True, slots=True)
class StopFact:
    """The open stop order. `clear_since` is when nothing was left for the first time."""

    kind: Stop
    requested_at: datetime
    hard_at: datetime
    clear_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Windows:
    """Expected durations, already converted by the account's speed. `claim`: how long after ready a server
    that no request waits for any more is kept for those that were told to come back."""

    idle: timedelta
    boot_deadline: timedelta
    queue_deadline: timedelta
    drain: timedelta
    relight_watch: timedelta
    resend_after: timedelta
    tick: timedelta
    claim: timedelta = timedelta(seconds=180)


@dataclass(frozen=True, slots=True)
class Facts:
    """One deployment at one instant: what is wanted, and what was seen at `observed_at`.

    `prices_stale` where nobody checked its prices for too long. `restoring` is a release that the panel went
    back to and is to bring to the provider again, without lighting it.
    """

    now: datetime
    windows: Windows
    wanted_on: bool
    frozen: bool = False
    blind: bool = False
    prices_stale: bool = False
    breaker_open: bool = False
    current_release: int | None = None
    live_release: int | None = None
    restoring: int | None = None
    app_exists: bool = False
    maybe_deployed: bool = False
    leases: tuple[LeaseFact, ...] = ()
    stop: StopFact | None = None
    deploy: DeployFact | None = None
    wake: WakeFact | None = None
    download: DownloadFact | None = None
    containers: tuple[ContainerFact, ...] = ()
    backlog: int = 0
    running_inputs: int = 0
    in_flight: int = 0
    waiting: int = 0
    observed_at: datetime | None = None
    last_use_at: datetime | None = None
    last_ping_at: datetime | None = None

    @property
    def serving(self) -> tuple[ContainerFact, ...]:
        """The containers that serve the model; a weights download is none."""
        return tuple(c for c in self.containers if c.serves)

    @property
    def ready(self) -> ContainerFact | None:
        """The container that answers, if there is one."""
        return next((c for c in self.serving if c.ready_at and not c.engine_died), None)

    @property
    def holding(self) -> tuple[LeaseFact, ...]:
        """The leases that keep it lit now."""
        return tuple(lease for lease in self.leases if lease.holds(self.now))

    @property
    def why_not(self) -> str:
        """Why nothing is lit, sent or pinged (law 3): blind, prices_stale; empty where it may."""
        if self.blind:
            return "blind"
        return "prices_stale" if self.prices_stale else ""

    @property
    def may_light(self) -> bool:
        """True where a wake or a ping may be sent for a lease that stands."""
        return not self.why_not

    @property
    def comes_back(self) -> bool:
        """True where the release to bring again is not there yet, and nobody has made another one since."""
        there = self.app_exists and self.live_release == self.restoring
        return self.restoring is not None and self.restoring == self.current_release and not there

    @property
    def lit_wanted(self) -> bool:
        """True where somebody holds it lit and nothing forbids it."""
        return bool(self.holding) and self.wanted_on and not self.frozen and not self.breaker_open

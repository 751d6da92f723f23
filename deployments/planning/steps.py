"""What can be done next. `decide` returns these; `services.reconcile` carries them out."""

from dataclasses import dataclass

from .facts import Stop


@dataclass(frozen=True, slots=True)
class RequestDeploy:
    """Write the deploy's row and hand it to a worker."""

    release: int


@dataclass(frozen=True, slots=True)
class RunDeploy:
    """Hand an open deploy that nobody works on to a worker."""

    deploy_id: int


@dataclass(frozen=True, slots=True)
class CancelDeploy:
    """Close an open deploy that is not wanted any more."""

    deploy_id: int


@dataclass(frozen=True, slots=True)
class CreateWake:
    """Write the wake's row for this lease and hand it to a worker."""

    lease_id: int


@dataclass(frozen=True, slots=True)
class HopWake:
    """Hand the open wake to a worker: its first sending, or the next hop of its result URL."""

    wake_id: int


@dataclass(frozen=True, slots=True)
class ResendWake:
    """Nothing of the sent wake is left at the provider: it may be sent once more."""

    wake_id: int


@dataclass(frozen=True, slots=True)
class CloseWake:
    """The wake is over: `done` where the server is ready, else cancelled."""

    wake_id: int
    done: bool


@dataclass(frozen=True, slots=True)
class WarmUp:
    """Hand the warm-up of a run that is ready to a worker."""

    run_id: int


@dataclass(frozen=True, slots=True)
class Ping:
    """One keep-warm request to the ready container."""

    run_id: int


@dataclass(frozen=True, slots=True)
class BeginStop:
    """Write a stop order of the panel's own."""

    kind: Stop
    reason: str


@dataclass(frozen=True, slots=True)
class StopContainers:
    """End these containers; the endpoint stays."""

    container_ids: tuple[str, ...]
    graceful: bool


@dataclass(frozen=True, slots=True)
class TurnOff:
    """End the app at the provider. `relit` says that work came back after a sleep."""

    relit: bool = False


@dataclass(frozen=True, slots=True)
class MarkClear:
    """Nothing is left for the first time: the watch for a relight begins."""


@dataclass(frozen=True, slots=True)
class CloseStop:
    """The stop order is carried out."""


@dataclass(frozen=True, slots=True)
class OpenBreaker:
    """Turn off and stay off until a person starts it again. `reason` is a Break value."""

    reason: str
    run_id: int | None = None


@dataclass(frozen=True, slots=True)
class EndLeases:
    """These leases are over."""

    lease_ids: tuple[int, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Restore:
    """What failed is out: close the breaker, so that the release gone back to is brought again, asleep."""


@dataclass(frozen=True, slots=True)
class StepDownload:
    """Start the requested download, or ask where the running one stands."""

    download_id: int


Step = (
    RequestDeploy
    | RunDeploy
    | CancelDeploy
    | CreateWake
    | HopWake
    | ResendWake
    | CloseWake
    | WarmUp
    | Ping
    | BeginStop
    | StopContainers
    | TurnOff
    | MarkClear
    | CloseStop
    | OpenBreaker
    | EndLeases
    | Restore
    | StepDownload
)

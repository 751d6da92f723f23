"""What the panel asks of a provider, in the provider-neutral words of the panel."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from deployments.planning.spec import Spec


class ProviderError(Exception):
    """A provider refused or could not be reached. `str()` is the vendor's words, free of secrets.

    `permanent` means that the same call will fail again until a person changes something.
    """

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.message = message
        self.permanent = permanent


class NotDeployed(ProviderError):
    """There is no such app at the provider: it was turned off, or never deployed."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class CredentialsRefused(ProviderError):
    """The provider does not know this token, or no longer."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class NoEnvironment(ProviderError):
    """The credentials are good, and the workspace has no environment of this name."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """Who the credentials are, and the environment's own budget where the plan shows it (USD)."""

    workspace: str
    environment: str
    cycle_budget_usd: Decimal | None = None
    cycle_usage_usd: Decimal | None = None
    spend_limit_reached: bool = False


@dataclass(frozen=True, slots=True)
class AppFacts:
    """A deployed app as the provider knows it. `release` is the number in the app's tag, if it is ours."""

    app_id: str
    name: str
    endpoint_url: str
    deployed_at: datetime | None
    release: int | None


@dataclass(frozen=True, slots=True)
class ListedApp:
    """An app of the environment that has not ended. `slug` is the deployment's in its tags; `by_pilotlight`
    where those tags say that a panel such as this one deployed it."""

    app_id: str
    name: str
    by_pilotlight: bool = False
    slug: str = ""


@dataclass(frozen=True, slots=True)
class ContainerFacts:
    """A container that exists. `started_at` is None while it is queued (documented: not yet billed).

    `gpu_count` tells the server's container from the download's, which has none; None where the provider
    did not say. `gpu_type` is such as H200, empty where there is none or it is not known.
    """

    container_id: str
    app_id: str
    app_name: str
    enqueued_at: datetime | None
    started_at: datetime | None
    gpu_count: int | None = None
    gpu_type: str = ""


@dataclass(frozen=True, slots=True)
class EndedContainer:
    """When a container that is gone started and ended; None where the provider does not say."""

    container_id: str
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Stats:
    """Requests at one function: waiting for a container, and being worked on."""

    backlog: int
    running_inputs: int


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line. `container_id` is empty for lines of a build or deploy. `by_provider`: the provider's own
    words about the container, not what the program in it wrote."""

    at: datetime
    text: str
    container_id: str = ""
    by_provider: bool = False


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a deploy gave. `changed` is False where the provider already had exactly this."""

    app_id: str
    endpoint_url: str
    changed: bool = True


@dataclass(frozen=True, slots=True)
class BilledHour:
    """What the provider bills one app for one whole UTC hour. `by_resource` has the provider's own names."""

    app_id: str
    app_name: str
    hour: datetime
    cost_usd: Decimal
    by_resource: Mapping[str, Decimal]
    tags: Mapping[str, str]


class WakeOutcome(StrEnum):
    """How one hop of a wake ended."""

    READY = "ready"
    CONTINUES = "continues"
    RESULT_GONE = "result_gone"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class WakeHop:
    """One hop: READY; CONTINUES with the result URL to ask next; RESULT_GONE where that URL is not known
    any more (nothing was started by asking); FAILED with the provider's words in `detail`."""

    outcome: WakeOutcome
    result_url: str = ""
    detail: str = ""


class CallOutcome(StrEnum):
    """Where a background call (the weights download) stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CallState:
    """A background call's state; `detail` has the vendor's words on failure."""

    outcome: CallOutcome
    detail: str = ""


@dataclass(frozen=True, slots=True)
class WeightsFacts:
    """What lies on a volume of one model: whether it is whole (None: its files do not tell), how many files
    its fullest snapshot has, and their bytes (0 where the provider does not tell sizes)."""

    whole: bool | None
    files: int = 0
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a provider is built from. The secrets never appear in a repr.

    `hidden` are other secrets of the account: whatever echoes one is told without it.
    """

    token_id: str
    token_secret: str
    environment: str
    server_url: str = ""
    speed: Decimal = Decimal(1)
    proxy_token_id: str = ""
    proxy_token_secret: str = ""
    hidden: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Credentials(environment={self.environment!r}, server_url={self.server_url!r})"


@dataclass(frozen=True, slots=True)
class ProxyToken:
    """A token pair that opens web endpoints guarded by proxy auth."""

    token_id: str
    token_secret: str

    def __repr__(self) -> str:
        return f"ProxyToken({self.token_id!r})"


def scaled(seconds: float, speed: Decimal) -> timedelta:
    """An expected duration of life (window, deadline, ETA) as it passes at an account of this `speed`.

    The one place where durations are converted. Money is never converted.
    """
    return timedelta(seconds=float(seconds) / float(speed))


class Provider(Protocol):
    """Deploys, observes, wakes, sleeps, turns off. Every method may raise ProviderError and nothing else.

    No method but `send_wake`, `follow_wake`, `ping` and `warm_up` may reach a container (law 1).
    All methods block; none takes longer than about 30 s but `deploy` (minutes) and the two wake calls
    (up to 170 s of the provider's time).
    """

    def check(self) -> AccountFacts:
        """Prove the credentials and read the environment. Free."""
        ...

    def create_proxy_token(self) -> ProxyToken:
        """Make a token pair for web endpoints. Not idempotent: call once and keep the answer."""
        ...

    def proxy_token_holds(self, token_id: str) -> bool:
        """Whether the provider lists that token as one that opens this environment. Free."""
        ...

    def revoke_proxy_token(self, token_id: str) -> None:
        """End that token everywhere, at once. One that is gone is no error."""
        ...

    def write_secrets(self, secrets: Mapping[str, Mapping[str, str]]) -> None:
        """Create or overwrite the named secrets. Idempotent."""
        ...

    def missing_secrets(self, names: Sequence[str]) -> list[str]:
        """Those of `names` that do not exist in the environment."""
        ...

    def missing_keys(self, secret: str, keys: Sequence[str]) -> list[str]:
        """Those of `keys` that an existing secret has no value of. The values cannot be read."""
        ...

    def missing_volumes(self, names: Sequence[str]) -> list[str]:
        """Those of `names` that are no volume of the environment. Makes none."""
        ...

    def deploy(
        self,
        spec: Spec,
        *,
        slug: str,
        release: int,
        on_line: Callable[[str], None],
        cancelled: Callable[[], bool],
    ) -> Deployed:
        """Bring `spec` to the provider with the strategy `recreate`. Idempotent per release. Streams the
        build's lines to `on_line`; polls `cancelled` and gives up with a transient ProviderError."""
        ...

    def find_app(self, app_name: str) -> AppFacts | None:
        """The deployed app of this name, or None where it is not deployed."""
        ...

    def apps(self) -> list[ListedApp]:
        """Every app of the environment that has not ended, with containers or without."""
        ...

    def containers(self) -> list[ContainerFacts]:
        """Every container of the environment that exists now; one call serves all deployments."""
        ...

    def ended_container(self, container_id: str) -> EndedContainer | None:
        """The times of a container that is gone, or None where the provider does not know it."""
        ...

    def stats(self, app_name: str) -> Stats:
        """Backlog and running inputs of the app's `serve` function. NotDeployed where there is none."""
        ...

    def logs(self, app_id: str, *, since: datetime, until: datetime) -> list[LogEntry]:
        """Log lines of an app in time order; call with overlap, since lines can arrive late."""
        ...

    def stop_container(self, container_id: str, *, graceful: bool) -> None:
        """End one container. One that is gone already is no error."""
        ...

    def turn_off(self, app_name: str) -> None:
        """End the app: every container stops and nothing can wake it. One that is gone is no error."""
        ...

    def end_app(self, app_id: str) -> None:
        """The same for an app by its id, deployed or not. One that is gone is no error."""
        ...

    def send_wake(self, endpoint_url: str) -> WakeHop:
        """Send the ONE request that wakes the server. Never call it again for the same wake unless nothing
        of the first one is left at the provider. NotDeployed where the address leads nowhere; a transient
        ProviderError where no answer came, in which case the request may have arrived."""
        ...

    def follow_wake(self, result_url: str) -> WakeHop:
        """Ask for the answer of a wake sent before. Starts nothing (documented)."""
        ...

    def ping(self, endpoint_url: str) -> None:
        """One keep-warm request to a lit server: resets its idle timer. It WAKES a sleeping one: callers
        must have seen a ready container in this very observation."""
        ...

    def warm_up(self, endpoint_url: str, *, engine_key: str, bodies: Sequence[bytes], limit_s: float) -> None:
        """Send each body (JSON of a completion) twice at once to a lit server, one after the other, for
        `limit_s` of wall time at most. It WAKES a sleeping one, as `ping` does."""
        ...

    def weights_present(self, volume: str, model: str) -> bool | None:
        """Whether `model` lies complete on the weights volume; None where that cannot be told."""
        ...

    def model_config(self, volume: str, model: str) -> bytes | None:
        """The `config.json` of `model` on the weights volume, of 256 KiB at most; None where it is not there.
        Read through the control plane: no container."""
        ...

    def weights_facts(self, volume: str, model: str) -> WeightsFacts:
        """The same with the number of files and their size; from a list of files, nothing is read."""
        ...

    def start_download(self, app_name: str) -> str:
        """Start the CPU-only `download` function; gives the id of the call."""
        ...

    def download_state(self, call_id: str) -> CallState:
        """Where that call stands; never blocks for its end."""
        ...

    def cancel_download(self, call_id: str) -> None:
        """End that call and its container. One that has ended is no error."""
        ...

    def unit_prices(self) -> dict[str, Decimal] | None:
        """The account's own prices in USD per second by resource (`gpu:H200`, `cpu`, `memory`), or None
        where the plan does not show them."""
        ...

    def billing_report(self, since: datetime, until: datetime) -> list[BilledHour] | None:
        """The environment's whole hours from the one that holds `since` to the last that ended by `until`, or
        None where the plan does not include the report. The running hour is never in it, and later answers
        may correct earlier ones."""
        ...

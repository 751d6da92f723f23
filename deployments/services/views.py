"""Read models: what pages and REST show of a deployment. Built from rows alone, without a provider call."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from deployments.engines.validation import Fix
from deployments.planning.lifecycle import State


@dataclass(frozen=True, slots=True)
class Sentence:
    """The state sentence: `lead` carries icon and colour, `rest` follows, `hint` is the small second line."""

    lead: str
    rest: str = ""
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.lead} {self.rest}".strip()


@dataclass(frozen=True, slots=True)
class LeaseView:
    """One open lease. `mine` is relative to the actor who looks; `lights` is False where its server went out
    by itself, so that the next round ends it."""

    id: int
    holder: str
    reason: str
    via: str
    created_at: datetime
    until: datetime | None
    mine: bool
    lights: bool = True


@dataclass(frozen=True, slots=True)
class WaitingView:
    """How many requests of one holder the gateway holds until the server is ready."""

    holder: str
    count: int

    def __str__(self) -> str:
        return f"{self.holder} ({self.count} request{'' if self.count == 1 else 's'})"


@dataclass(frozen=True, slots=True)
class PhaseView:
    """One row of the waterfall. Seconds are wall seconds; `cost_usd` is None where it is not billed.

    `status` is done, now, later or skipped. `offset_s` counts from the first instant of the run.
    `expected_s` is the median of own history, else the recipe's share, at the account's speed.
    """

    name: str
    label: str
    status: str
    started_at: datetime | None
    offset_s: float
    seconds: float | None
    expected_s: float | None
    cost_usd: Decimal | None
    progress: float | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class SlowView:
    """A phase that took much longer than the median of `starts` starts before it. `words` say all of it:
    "weights 6.1 × slower than usual: prefetch did not happen". `times` is None for one that is usually
    skipped, `cause` and `evidence` are empty where no line of the log tells why."""

    phase: str
    label: str
    words: str
    short: str
    seconds: float
    usual_s: float
    low_s: float
    high_s: float
    times: float | None
    starts: int
    of_release: bool
    cause: str
    evidence: str
    line_id: int | None


@dataclass(frozen=True, slots=True)
class EtaView:
    """Until ready, from `starts` own starts (of the release that starts, or not `of_release`).

    `late` is empty until nine of ten of them were ready: "longer than 9 of 10 starts". Estimates made from
    where it stands were within `within_s` in `hits` of the last `tested` starts; `tested` is 0 where too few
    could be tested.
    """

    p50_s: float
    p90_s: float
    starts: int
    of_release: bool
    late: str
    within_s: float = 0.0
    hits: int = 0
    tested: int = 0


@dataclass(frozen=True, slots=True)
class RunView:
    """A run with its phases and money. `cost_usd` is live while the run lives; parts sum to it.

    `kept_usd` lies in `idle_usd`: kept warm by a lease until a time; known once the run is settled.
    `queued_s` is the time before the container's start, which is not counted. `deployment_name` is there in
    lists of several deployments. `usual_starts` is how many starts `expected_s` of the phases rests on; 0
    where they are the recipe's.
    """

    id: int
    number: int
    slug: str
    release: int | None
    cause: str
    cause_label: str
    lit_for: str
    reason: str
    container_id: str
    first_seen_at: datetime
    started_at: datetime | None
    ready_at: datetime | None
    ended_at: datetime | None
    end_reason: str
    end_label: str
    end_text: str
    failed: bool
    boot_s: float | None
    lit_s: float | None
    phases: tuple[PhaseView, ...]
    boot_usd: Decimal
    use_usd: Decimal
    idle_usd: Decimal
    gpu_usd: Decimal
    cpu_usd: Decimal
    memory_usd: Decimal
    cost_usd: Decimal
    kept_usd: Decimal = Decimal(0)
    queued_s: float | None = None
    deployment_name: str = ""
    usual_starts: int = 0
    usual_of_release: bool = False
    slow: tuple[SlowView, ...] = ()


@dataclass(frozen=True, slots=True)
class DiagnosisView:
    """One card of the log doctor. `line_id` is the stored line of the evidence, None where retention took it
    or no line says it. `fix` is what changes the configuration that is saved now; `mended` is True where that
    says already what the run's did not. `followed` are the errors that came of it, in the log's order.
    """

    id: int
    code: str
    level: str
    title: str
    cause: str
    remedy: str
    evidence: str
    at: datetime
    run_id: int | None
    line_id: int | None
    fix: Fix | None
    mended: bool
    followed: tuple["DiagnosisView", ...] = ()


@dataclass(frozen=True, slots=True)
class FailureView:
    """Why it is out and stays out: the cause in plain words, the evidence line, what was burned, and what the
    log doctor says, where it knows it."""

    reason: str
    title: str
    text: str
    evidence: str
    at: datetime
    burned_usd: Decimal
    run_id: int | None
    diagnosis: DiagnosisView | None = None


@dataclass(frozen=True, slots=True)
class DownloadView:
    """An open or the last weights download."""

    status: str
    requested_by: str
    created_at: datetime
    finished_at: datetime | None
    error: str
    last_line: str


@dataclass(frozen=True, slots=True)
class StatusView:
    """Everything the head of a deployment says. Money in USD, times aware UTC, durations in seconds.

    `level` is the wick's fill, 0 to 100. `moving` says whether a live fragment has to go on polling.
    `verbs` are the actions open to the actor now: start, sleep, turn-off, extend, retry, download.
    `price_note` says what is wrong with the prices, and what to do; it is empty where nothing is.
    """

    id: int
    slug: str
    name: str
    hardware: str
    account: str
    is_sandbox: bool
    speed: Decimal
    state: State
    sentence: Sentence
    since: datetime | None
    release: int | None
    current_release: int | None
    phase: str | None
    progress: float | None
    eta_s: float | None
    price_usd_per_hour: Decimal
    cost_so_far_usd: Decimal
    idle_s: float | None
    goes_out_at: datetime | None
    leases: tuple[LeaseView, ...]
    in_flight: int
    in_flight_by: tuple[str, ...]
    waiting: int
    waiting_by: tuple[WaitingView, ...]
    observed_at: datetime | None
    endpoint_url: str
    model_name: str
    level: int
    moving: bool
    frozen: bool
    verbs: frozenset[str]
    run: RunView | None
    failure: FailureView | None
    download: DownloadView | None
    weights_present: bool | None
    price_note: str = ""
    eta: EtaView | None = None


@dataclass(frozen=True, slots=True)
class QuotePart:
    """One line of a quote. `usd` is None where it is not known; `note` names what is missing."""

    key: str
    label: str
    note: str
    seconds: float | None
    usd: Decimal | None
    estimate: bool


@dataclass(frozen=True, slots=True)
class Quote:
    """What a start would cost. `until` None means until idle. `total_usd` is the sum of the known parts.

    `basis` says where the time to ready comes from: own history (of `history_runs` starts) or the recipe, 0.
    A month is 730 hours without a pause. `dedicated_month_usd` and `break_even_hours_per_day` are None where
    no dedicated node with these GPUs is listed; the hours are billed ones, boots and idle tails in them.
    """

    slug: str
    until: datetime | None
    price_usd_per_hour: Decimal
    ready_p50_s: float
    ready_p90_s: float
    basis: str
    parts: tuple[QuotePart, ...]
    until_ready_usd: Decimal
    total_usd: Decimal
    weights_present: bool | None
    download_usd: Decimal | None
    download_s: float | None
    is_sandbox: bool
    history_runs: int
    until_ready_p90_usd: Decimal
    always_on_month_usd: Decimal
    dedicated_month_usd: Decimal | None
    break_even_hours_per_day: Decimal | None

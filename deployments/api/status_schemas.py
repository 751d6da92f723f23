"""The state of a deployment as REST shows it."""

from datetime import datetime
from typing import Any

from ninja import Field, Schema

from deployments.planning.lifecycle import State

from .kinds import Seconds, Usd
from .run_schemas import DiagnosisOut, RunFacts


class LeaseOut(Schema):
    """Who keeps it lit, why, until when."""

    id: int
    holder: str
    reason: str
    via: str
    created_at: datetime
    until: datetime | None = Field(description="Null means until idle.")
    mine: bool = Field(description="Whether the caller holds it.")


class WaitingOut(Schema):
    """Requests of one holder that wait at the gateway until it is ready."""

    holder: str
    count: int


class FailureOut(Schema):
    """Why it is out and stays out."""

    reason: str
    title: str
    text: str
    evidence: str
    at: datetime
    burned_usd: Usd
    run_id: int | None
    diagnosis: DiagnosisOut | None = Field(
        default=None, description="What the log doctor says, where it knows."
    )


class DownloadOut(Schema):
    """A download of the weights on a machine without GPUs."""

    status: str
    requested_by: str
    created_at: datetime
    finished_at: datetime | None
    error: str
    last_line: str


class EtaOut(Schema):
    """The time left until ready, from past starts and from how far this one has come."""

    p50_s: Seconds
    p90_s: Seconds = Field(description="Nine of ten starts would be ready by then.")
    starts: int = Field(description="How many past starts it rests on, 5 to 20.")
    of_release: bool = Field(description="They were of its release; else of the deployment.")
    late: str = Field(description="Such as: longer than 9 of 10 starts. Empty until then.")
    within_s: Seconds = Field(description="Such estimates of past starts were within this")
    hits: int = Field(description="so many times")
    tested: int = Field(description="of so many; 0 where too few could be tested.")


class StatusOut(Schema):
    """What a deployment is now, from the last observation; nobody is asked for it."""

    slug: str
    name: str
    state: State
    sentence: str = Field(description="The state in words: who, what, how long, how much.")
    hint: str
    since: datetime | None
    phase: str | None = Field(description="The step of the cold start, while waking.")
    progress: float | None = Field(description="0 to 1 within the phase, where known.")
    eta_s: Seconds | None
    eta: EtaOut | None = Field(
        description="While waking, from five own starts on: how sure `eta_s` is and what it rests on."
    )
    price_usd_per_hour: Usd
    cost_so_far_usd: Usd
    idle_s: Seconds | None
    goes_out_at: datetime | None
    leases: list[LeaseOut]
    in_flight: int = Field(description="Requests that are being forwarded to it.")
    in_flight_by: list[str]
    waiting: int = Field(description="Requests that the gateway holds until it is ready; no use yet.")
    waiting_by: list[WaitingOut]
    observed_at: datetime | None
    endpoint_url: str
    model_name: str = Field(description="What requests to /v1/ name as their model.")
    release: int | None = Field(description="The release at the provider.")
    current_release: int | None = Field(description="The release that the next start brings.")
    frozen: bool
    is_sandbox: bool
    can: list[str] = Field(description="What the caller may do with it now.")
    run: RunFacts | None
    failure: FailureOut | None
    download: DownloadOut | None
    weights_present: bool | None

    @staticmethod
    def resolve_sentence(status: Any) -> str:
        """The sentence as one text."""
        return str(status.sentence)

    @staticmethod
    def resolve_hint(status: Any) -> str:
        """The small line below the sentence."""
        return str(status.sentence.hint)

    @staticmethod
    def resolve_can(status: Any) -> list[str]:
        """In a fixed order."""
        return sorted(status.verbs)


class WaitOut(Schema):
    """How waiting for a state ended."""

    wanted: State
    reached: bool
    ended_by: str = Field(description="reached, timeout, or settled: it cannot be reached by waiting.")
    message: str


class StatusAnswer(StatusOut):
    """The status, and how waiting ended where `wait_for` was given."""

    waited: WaitOut | None = None

"""Runs as REST shows them."""

from datetime import datetime
from typing import Any

from ninja import Field, Schema

from .kinds import Seconds, Usd
from .start_schemas import NeighboursOut, SlowOut


class PhaseOut(Schema):
    """One step of a cold start that has begun."""

    name: str = Field(
        description="queued, container, download, weights, compile, warmup or server; after ready"
        " warmup_requests, the panel's own first requests."
    )
    status: str = Field(description="done or now.")
    started_at: datetime
    seconds: Seconds | None
    expected_s: Seconds | None = Field(
        description="Median of `usual_starts` starts; the recipe's figure where that is 0."
    )
    cost_usd: Usd | None = Field(description="Null where it is not billed.")
    progress: float | None = Field(description="0 to 1 within the phase, where known.")
    text: str


class RunFacts(Schema):
    """One life of a container. Money is live while it lives and frozen afterwards."""

    id: int
    number: int
    release: int | None
    cause: str = Field(description="lease, restart, outside or download.")
    lit_for: str
    reason: str
    container_id: str
    first_seen_at: datetime
    started_at: datetime | None = Field(description="From here on it is billed.")
    ready_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None = Field(description="Null while it lives.")
    end_text: str
    failed: bool
    boot_s: Seconds | None
    lit_s: Seconds | None
    phases: list[PhaseOut]
    usual_starts: int = Field(description="How many starts `expected_s` of the phases rests on, or 0.")
    usual_of_release: bool = Field(description="They were of its release; else of the deployment.")
    slow: list[SlowOut] = Field(description="Phases that took much longer than usual, the costliest first.")
    cost_usd: Usd
    boot_usd: Usd
    use_usd: Usd
    idle_usd: Usd
    gpu_usd: Usd
    cpu_usd: Usd
    memory_usd: Usd

    @staticmethod
    def resolve_end_reason(run: Any) -> str | None:
        """An open run has ended for no reason."""
        return run.end_reason or None

    @staticmethod
    def resolve_phases(run: Any) -> list[Any]:
        """What is still to come is no fact of the run."""
        return [phase for phase in run.phases if phase.started_at is not None]


class DiagnosisFix(Schema):
    """The change of configuration that mends it, for the configuration that is saved now."""

    words: str
    patch: dict[str, Any] = Field(description="The settings to send with PATCH.")


class DiagnosisLine(Schema):
    """An error that came of another one."""

    code: str
    title: str
    evidence: str
    line_id: int | None


class DiagnosisOut(Schema):
    """What is wrong, in words, with the line that says so. Without a code no rule knew the line."""

    id: int | None = None
    code: str | None = None
    level: str = Field(default="error", description="error, warning or advice.")
    title: str = ""
    cause: str
    remedy: str = ""
    evidence: str
    at: datetime | None = None
    run_id: int | None = None
    line_id: int | None = Field(default=None, description="The stored log line of the evidence.")
    fix: DiagnosisFix | None = None
    mended: bool = Field(default=False, description="The saved configuration already has the change.")
    followed: list[DiagnosisLine] = Field(default=[], description="What came of it, in the order of the log.")


class RunOut(RunFacts):
    """A run with what the log doctor says of it, errors first."""

    findings: list[DiagnosisOut] = []


class RunListed(RunOut):
    """A run in a list of several deployments."""

    deployment: str = Field(description="The slug.")

    @staticmethod
    def resolve_deployment(run: Any) -> str:
        """Of a view, or of what was made of one."""
        return str(getattr(run, "slug", None) or run.deployment)


class EventOut(Schema):
    """One thing that happened in a run."""

    at: datetime
    kind: str = Field(
        description="ask, seen, phase, ready, token, use, lease, deed, freeze, fault, note or end."
    )
    words: str


class BandOut(Schema):
    """A stretch of a run's time; they touch each other."""

    kind: str = Field(description="queued, boot, warm-up, use or idle.")
    start: datetime
    end: datetime


class RunTold(RunOut):
    """One run with its story."""

    story: list[str] = Field(default=[], description="In the order of what happened; times are UTC.")
    events: list[EventOut] = []
    bands: list[BandOut] = []
    beside: NeighboursOut | None = None

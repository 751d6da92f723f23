"""Cold starts as REST shows them."""

from datetime import datetime

from ninja import Field, Schema

from .kinds import Seconds, Usd


class SlowOut(Schema):
    """A phase that took much longer than usual: half as long again as the median of the starts before it,
    more than four of their spreads above it, and fifteen seconds of the provider's time longer."""

    phase: str
    words: str = Field(description="Such as: weights 6.1 × slower than usual: prefetch did not happen.")
    seconds: Seconds
    usual_s: Seconds = Field(description="Median of the starts before it.")
    low_s: Seconds = Field(description="Half of those took from here")
    high_s: Seconds = Field(description="to here.")
    times: float | None = Field(description="Null for a phase that most starts skip.")
    starts: int = Field(description="How many starts it was compared with, 5 to 20.")
    of_release: bool = Field(description="They were of its release; else of the deployment.")
    cause: str = Field(description="Empty where no line of the log tells it.")
    evidence: str = Field(description="That line.")
    line_id: int | None


class MedianOut(Schema):
    """Of one phase, or of the whole way to ready, over `n` starts."""

    n: int = Field(description="The starts that had this phase.")
    seconds: Seconds
    low_s: Seconds = Field(description="Half of them took from here")
    high_s: Seconds = Field(description="to here.")
    usd: Usd | None = Field(description="Median of the dollars counted; null where it is not billed.")


class OfReleaseOut(Schema):
    """The newest starts of one release, 20 at most, as medians."""

    release: int
    n: int = Field(description="How many starts; 0 where there is none, and then no median.")
    ready: MedianOut | None
    phases: dict[str, MedianOut]


class NeighboursOut(Schema):
    """What a run stands beside."""

    release: OfReleaseOut | None = Field(description="The other starts of its release.")
    before: OfReleaseOut | None = Field(description="Those of the release before it that became ready.")


class StepOut(Schema):
    """One phase of a start."""

    name: str
    seconds: Seconds
    usd: Usd | None = Field(description="Null where it is not billed.")


class StartOut(Schema):
    """One run that became ready."""

    run_id: int
    number: int
    release: int | None
    at: datetime = Field(description="First seen.")
    ready_s: Seconds
    usd: Usd
    phases: list[StepOut]
    slow: list[SlowOut]


class TestedOut(Schema):
    """How good estimates were, each made from the starts before it alone."""

    phase: str | None = Field(description="Made as this phase began; null: as the wake was asked for.")
    within_s: Seconds
    hits: int = Field(description="So many estimates were within it")
    of: int = Field(description="of so many.")
    early: int = Field(description="So many were too early by more than that.")


class TrendOut(Schema):
    """The last starts, newest first."""

    items: list[StartOut]
    estimates: list[TestedOut]


class BesideOut(Schema):
    """One phase of two releases; differences are the second less the first."""

    phase: str
    first: MedianOut | None
    second: MedianOut | None
    seconds: float | None = Field(description="Null where one of them had none.")
    usd: Usd | None


class ComparisonOut(Schema):
    """Two releases side by side."""

    first: OfReleaseOut
    second: OfReleaseOut
    ready: BesideOut
    phases: list[BesideOut]

"""What the calls about memory take and give."""

from typing import Annotated, Any

from ninja import Field, Schema

from .kinds import Flag, Line, Usd, Whole, Wish

Config = Annotated[dict[str, Any], Field(description="The parsed config.json; at most 256 KiB.")]


class MemoryWish(Wish):
    """A model and what it has to serve. Nothing of it is kept."""

    config: Config
    gpu: Line = Field("H200", description="GPU type, as the provider names it.")
    count: Annotated[Whole, Field(ge=1, le=64)] = 1
    max_model_len: Annotated[Whole, Field(ge=1, le=10_485_760)] | None = Field(
        None, description="Tokens of one request; null: the model's longest context."
    )
    memory_share: Annotated[float, Field(gt=0, le=1)] = 0.92
    kv_cache_dtype: Line | None = None
    drafting: Flag = False
    eager: Flag = False
    checkpoint_gib: Annotated[float, Field(gt=0, le=100_000)] | None = None


class FitOut(Schema):
    """GiB of one GPU. `error` is the stated share of uncertainty, `basis` what the estimate rests on."""

    fits: bool
    gpu: str
    count: int
    gpu_memory_gib: float
    weights_gib: float
    reserve_gib: float
    graphs_gib: float
    cache_gib: float
    left_gib: float
    cache_tokens: int
    context: int
    longest: int
    requests: float = Field(description="Requests of `context` tokens that find room at once.")
    error: float
    basis: str


class MemoryChangeOut(Schema):
    """A single change that would make it fit."""

    field: str
    value: Any
    words: str


class MemoryOut(Schema):
    """The estimate, what it assumes of the model, and what would make it fit where it does not."""

    architecture: str
    format: str
    fit: FitOut
    assumed: list[str]
    remedies: list[MemoryChangeOut]


class CellOut(Schema):
    """A format on so many GPUs; `fit` is null where it cannot run there, which `why_not` explains."""

    format: str
    gpu: str
    count: int
    computes: str
    own_format: bool
    fits: bool
    close: bool = Field(description="Whether it fits only if the estimate holds.")
    why_not: str
    usd_per_hour: Usd | None = Field(description="Of the GPUs; null where no price is known.")
    fit: FitOut | None


class MeasuredOut(Schema):
    """What the engine of a release printed beside the estimate before it; differences in per cent."""

    release: int
    run: int
    weights_gib: float
    cache_gib: float
    cache_tokens: int | None
    weights_off_percent: float | None
    cache_off_percent: float | None
    tokens_off_percent: float | None


class FormatsOut(Schema):
    """Every combination, and the fewest GPUs of each type that serve what is asked, cheapest first."""

    slug: str
    cells: list[CellOut]
    options: list[CellOut]
    measured: list[MeasuredOut]


class ModelConfigWish(Wish):
    """The config.json of the deployment's model."""

    config: Config

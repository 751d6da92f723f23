"""The estimate: what of a GPU goes to weights, reserve and cache, and how many tokens that cache holds."""

from dataclasses import dataclass
from fractions import Fraction
from math import floor

from .cache import layer_bytes, request_bytes, token_bytes
from .calibration import Calibration, calibration_of
from .devices import GIB, Device
from .shape import Shape
from .weights import weights_of

# Outside torch vLLM 0.26 needed 0.22 GiB on an H200 ("0.22 GiB for non-torch memory").
NON_TORCH_GIB = 0.22
# Its peak of activations there was 0.56 GiB for 8192 tokens a step and a hidden size of 2048, in 2 bytes:
# 17.9 rows of the hidden size for each token. CUDA graphs of the same model took 0.14 GiB, a quarter of
# that peak.
ACTIVATION_ROWS = 17.9
TOKENS_PER_STEP = 8192
GRAPHS_SHARE_OF_PEAK = 0.25
# What is not calibrated was never compared with an engine: the estimate is said to be this far off.
CALIBRATED_ERROR, ERROR = 0.03, 0.10


@dataclass(frozen=True, slots=True)
class Setting:
    """What of a configuration decides about memory. `memory_share` is `--gpu-memory-utilization`, 0 to 1."""

    ranks: int
    memory_share: float
    max_model_len: int | None = None
    kv_cache_dtype: str | None = None
    drafting: bool = False
    eager: bool = False
    checkpoint_gib: float | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """What an engine's own lines said in an earlier run of the same setting, in GiB of one rank."""

    weights_gib: float
    cache_gib: float


@dataclass(frozen=True, slots=True)
class Fit:
    """One rank's memory in GiB; `left_gib` lies outside the share. `context` is the longest request wanted.

    `cache_gib` below zero says by how much the rest is too large. `error` is the stated share of uncertainty.
    """

    device: Device
    weights_gib: float
    reserve_gib: float
    graphs_gib: float
    cache_gib: float
    left_gib: float
    context: int
    cache_tokens: int
    longest: int
    request_gib: float
    error: float
    basis: str

    @property
    def fits(self) -> bool:
        """Whether one request of full length finds room."""
        return self.longest >= self.context

    @property
    def requests(self) -> float:
        """How many requests of full length find room at once."""
        return self.cache_gib / self.request_gib if self.cache_gib > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Needs:
    """What one rank needs besides its cache, in GiB."""

    weights_gib: float
    reserve_gib: float
    graphs_gib: float


def estimate(
    shape: Shape,
    setting: Setting,
    device: Device,
    *,
    measured: Measured | None = None,
    own: Calibration | None = None,
) -> Fit:
    """Where one rank's memory goes. What an engine measured is taken instead of what is counted here; `own`
    is the calibration by an earlier run, which goes before the built-in one."""
    needs, error, basis = _needs(shape, setting, device, own)
    weights, reserve, graphs = needs.weights_gib, needs.reserve_gib, needs.graphs_gib
    cache = device.memory_gib * setting.memory_share - weights - reserve - graphs
    if measured is not None:
        weights, cache = measured.weights_gib, measured.cache_gib
        reserve = device.memory_gib * setting.memory_share - weights - cache - graphs
        error, basis = CALIBRATED_ERROR, "the engine's own lines in an earlier run"
    context = setting.max_model_len or shape.longest_context
    sizes = _Sizes.of(shape, setting, device)
    room = max(cache, 0.0) * GIB
    return Fit(
        device=device,
        weights_gib=weights,
        reserve_gib=reserve,
        graphs_gib=graphs,
        cache_gib=cache,
        left_gib=device.memory_gib * (1 - setting.memory_share),
        context=context,
        cache_tokens=floor(room / sizes.request(context) * context),
        longest=sizes.longest(room),
        request_gib=sizes.request(context) / GIB,
        error=error,
        basis=basis,
    )


def counted_needs(shape: Shape, setting: Setting) -> Needs:
    """Weights, reserve and graphs by the model's sizes alone."""
    counted = weights_of(shape, drafting=setting.drafting, checkpoint_gib=setting.checkpoint_gib)
    peak = TOKENS_PER_STEP * shape.hidden * 2 * ACTIVATION_ROWS / GIB
    graphs = 0.0 if setting.eager else peak * GRAPHS_SHARE_OF_PEAK
    return Needs(counted.per_rank(setting.ranks) / GIB, peak + NON_TORCH_GIB, graphs)


def _needs(
    shape: Shape, setting: Setting, device: Device, own: Calibration | None
) -> tuple[Needs, float, str]:
    """What is needed, the stated error, and what that rests on."""
    counted = counted_needs(shape, setting)
    found = own or calibration_of(shape.architecture, setting.ranks, shape.quantization, device.name)
    if found is None:
        return counted, ERROR, "counted from the model's sizes; never measured"
    added = Needs(
        counted.weights_gib + found.weights_gib, counted.reserve_gib + found.reserve_gib, counted.graphs_gib
    )
    return added, CALIBRATED_ERROR if found.exact else ERROR, found.source


@dataclass(frozen=True, slots=True)
class _Sizes:
    shape: Shape
    per_token: int
    per_layer: int

    @classmethod
    def of(cls, shape: Shape, setting: Setting, device: Device) -> "_Sizes":
        per_token = token_bytes(
            shape, ranks=setting.ranks, kv_cache_dtype=setting.kv_cache_dtype, gpu_type=device.name,
            drafting=setting.drafting,
        )  # fmt: skip
        per_layer = layer_bytes(
            shape, ranks=setting.ranks, kv_cache_dtype=setting.kv_cache_dtype, gpu_type=device.name
        )
        return cls(shape, per_token, per_layer)

    def request(self, tokens: int) -> int:
        return request_bytes(self.shape, tokens, per_token=self.per_token, per_layer=self.per_layer)

    def longest(self, room: float) -> int:
        """The longest request that finds room."""
        within_window = Fraction(self.per_token + self.shape.sliding_layers * self.per_layer)
        if within_window and room < within_window * self.shape.window:
            return floor(room / within_window)
        beyond = room - self.shape.window * self.shape.sliding_layers * self.per_layer
        return floor(beyond / self.per_token) if self.per_token else self.shape.longest_context

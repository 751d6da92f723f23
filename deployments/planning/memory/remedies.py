"""What would make a model fit that does not."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from .calibration import Calibration
from .devices import Device
from .fit import Setting, estimate
from .shape import Shape


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a setting that would make it fit: `field` of the spec, its new value, and why."""

    field: str
    value: object
    words: str


LARGEST_SHARE = 0.95
RANKS = (1, 2, 4, 8)


def remedies(
    shape: Shape, setting: Setting, device: Device, *, own: Calibration | None = None
) -> Iterator[Change]:
    """Single changes, each of which makes one request of full length fit; none where it fits already. A
    calibration of its own holds for as many GPUs."""
    now = estimate(shape, setting, device, own=own)
    if now.fits:
        return
    # The answer is kept a little below the longest: 1024 is the step in which people write contexts.
    if now.longest >= 2048:
        value = now.longest // 1024 * 1024
        yield Change("max_model_len", value, f"a context of {value:,} tokens is the longest that fits")
    wide = setting.kv_cache_dtype in (None, "auto", "bfloat16", "float16")
    if wide and estimate(shape, replace(setting, kv_cache_dtype="fp8"), device, own=own).fits:
        yield Change("kv_cache_dtype", "fp8", "half the bytes per token in the cache")
    more = replace(setting, memory_share=LARGEST_SHARE)
    if setting.memory_share < LARGEST_SHARE and estimate(shape, more, device, own=own).fits:
        yield Change("gpu_memory_utilization", str(LARGEST_SHARE), "a larger share of each GPU")
    for ranks in RANKS:
        divides = shape.heads % ranks == 0
        if ranks > setting.ranks and divides and estimate(shape, replace(setting, ranks=ranks), device).fits:
            yield Change("gpu_count", ranks, f"the weights divided over {ranks} GPUs")
            return

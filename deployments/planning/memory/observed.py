"""From what an engine printed to what the next estimate adds to what it counts."""

from .calibration import Calibration
from .devices import Device
from .fit import Measured, Setting, counted_needs
from .shape import Shape


def calibrated(
    shape: Shape, setting: Setting, device: Device, measured: Measured, source: str
) -> Calibration | None:
    """The difference between measured and counted; None for what cannot be: more than the GPU holds."""
    allowed = device.memory_gib * setting.memory_share
    if measured.weights_gib + measured.cache_gib > allowed:
        return None
    counted = counted_needs(shape, setting)
    reserve = allowed - measured.weights_gib - measured.cache_gib
    return Calibration(
        weights_gib=measured.weights_gib - counted.weights_gib,
        reserve_gib=reserve - counted.reserve_gib - counted.graphs_gib,
        source=source,
    )


def off_percent(estimated: float, measured: float) -> float | None:
    """By how many per cent an estimate is above what was measured (below: negative)."""
    return (estimated / measured - 1) * 100 if measured else None

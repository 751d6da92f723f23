"""One model in every format on every GPU: what fits where."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from .calibration import Calibration
from .devices import Device
from .fit import Fit, Setting, estimate
from .formats import FORMATS, Path, Way, WeightFormat, path_of
from .shape import Shape

COUNTS = (1, 2, 4, 8)


@dataclass(frozen=True, slots=True)
class Cell:
    """A format on so many GPUs; `fit` is None where it cannot run there, and `why_not` says why."""

    format: WeightFormat
    device: Device
    count: int
    path: Path
    own_format: bool
    fit: Fit | None = None
    why_not: str = ""

    @property
    def fits(self) -> bool:
        """Whether one request of full length finds room."""
        return self.fit is not None and self.fit.fits

    def serves(self, requests: float) -> bool:
        """Whether so many requests of full length find room at once."""
        return self.fit is not None and self.fit.requests >= requests

    @property
    def close(self) -> bool:
        """Whether it fits only if the estimate is not wrong by all that it may be."""
        fit = self.fit
        return fit is not None and fit.fits and fit.cache_gib - fit.error * fit.weights_gib < fit.request_gib

    @property
    def far(self) -> bool:
        """Whether each GPU is short of more than it has."""
        return self.short_gib > self.device.memory_gib

    @property
    def short_gib(self) -> float:
        """What each GPU lacks for one request of full length; 0 where it fits."""
        return max(0.0, self.fit.request_gib - self.fit.cache_gib) if self.fit is not None else 0.0


def grid(
    shape: Shape,
    setting: Setting,
    *,
    devices: Iterable[Device],
    formats: Iterable[str],
    counts: Iterable[int] = COUNTS,
    own: Mapping[tuple[str, int], Calibration] | None = None,
) -> list[Cell]:
    """Every combination. The model's own format keeps the size of its checkpoint and, where `own` has one of
    the device and count, its calibration; in the others every large matrix is taken to be stored so."""
    return [
        _cell(shape, setting, device, key, count, (own or {}).get((device.name, count)))
        for key in formats
        for device in devices
        for count in counts
    ]


def _cell(
    shape: Shape, setting: Setting, device: Device, key: str, count: int, own: Calibration | None
) -> Cell:
    is_own = key == shape.quantization
    cell = Cell(FORMATS[key], device, count, path_of(key, device), is_own)
    if cell.path.way is Way.NONE:
        return replace(cell, why_not=cell.path.words)
    if shape.heads % count:
        return replace(cell, why_not=f"{shape.heads} attention heads cannot be shared by {count} GPUs")
    stored = shape if is_own else replace(shape, quantization=key, plain_attention=False)
    there = replace(setting, ranks=count, checkpoint_gib=setting.checkpoint_gib if is_own else None)
    return replace(cell, fit=estimate(stored, there, device, own=own if is_own else None))

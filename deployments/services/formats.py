"""A model's formats on the GPUs that have a price: what fits, for how many, and for how much."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from deployments.ledger.prices import PriceBook, PriceMissing, Resources
from deployments.models import Account, Deployment
from deployments.planning.memory.calibration import Calibration
from deployments.planning.memory.devices import Device, device_of
from deployments.planning.memory.fit import Setting
from deployments.planning.memory.formats import COMPARED
from deployments.planning.memory.grid import Cell, grid
from deployments.planning.memory.known import same_model_as
from deployments.planning.memory.shape import Shape
from deployments.planning.spec import Spec

from . import costs
from .compare import gpu_types
from .measured import Observation, own_calibration
from .model_sizes import ModelSizes


@dataclass(frozen=True, slots=True)
class Question:
    """What is compared: a model as it is set up, and how many requests of full length at once it has to
    serve. `price_factor` is what the account takes for a pinned region; `own` see `grid`."""

    account: Account
    shape: Shape
    setting: Setting
    requests: float = 1.0
    gpu_type: str = ""
    price_factor: Decimal = Decimal(1)
    own: Mapping[tuple[str, int], Calibration] | None = None


@dataclass(frozen=True, slots=True)
class Priced:
    """A cell and the price of its GPUs an hour; None where none is known."""

    cell: Cell
    usd_per_hour: Decimal | None

    @property
    def usd_per_request(self) -> Decimal | None:
        """An hour's dollars for each request of full length that finds room."""
        fit = self.cell.fit
        if self.usd_per_hour is None or fit is None or not self.cell.fits:
            return None
        return self.usd_per_hour / Decimal(str(round(fit.requests, 4)))


@dataclass(frozen=True, slots=True)
class Formats:
    """`cells` are all combinations; `options` the fewest GPUs of each type that serve each format, those that
    cost least first."""

    cells: tuple[Priced, ...]
    options: tuple[Priced, ...]

    @property
    def cheapest(self) -> Priced | None:
        """The least dollars an hour."""
        return next((one for one in self.options if one.usd_per_hour is not None), None)

    @property
    def devices(self) -> list[Device]:
        """The GPUs that were compared."""
        return list(dict.fromkeys(one.cell.device for one in self.cells))

    def of(self, format_key: str, gpu_type: str, count: int) -> Priced | None:
        """One combination."""
        for one in self.cells:
            if (one.cell.format.key, one.cell.device.name, one.cell.count) == (format_key, gpu_type, count):
                return one
        return None


def question_of(
    deployment: Deployment,
    spec: Spec,
    sizes: ModelSizes,
    seen: Sequence[Observation],
    *,
    setting: Setting,
    requests: float,
) -> Question | None:
    """What is asked of a deployment's configuration, with what its own runs taught; None where the sizes of
    its model are not known, or it runs without a GPU."""
    shape, device = sizes.shape(spec.model), device_of(spec.gpu_type)
    if shape is None or not spec.gpu_count:
        return None
    own = own_calibration(spec, sizes, seen)
    return Question(
        deployment.account,
        shape,
        setting,
        requests=requests,
        gpu_type=spec.gpu_type,
        price_factor=deployment.account.region_factor if spec.region else Decimal(1),
        own={(device.name, spec.gpu_count): own} if own and device else None,
    )


def compared(asked: Question, now: datetime) -> Formats:
    """Every format on every GPU that has a price. The model's own format comes with its calibration."""
    book = costs.Books().of(asked.account)
    keys = dict.fromkeys((*COMPARED, asked.shape.quantization))
    cells = grid(asked.shape, asked.setting, devices=devices(asked, now), formats=keys, own=asked.own)
    priced = tuple(Priced(cell, _hour(book, cell, asked.price_factor, now)) for cell in cells)
    return Formats(priced, tuple(sorted(_fewest(priced, asked.requests), key=_cost)))


def devices(asked: Question, now: datetime) -> list[Device]:
    """GPUs that a price is known for, and the one that is set; the smallest memory first."""
    names = [*gpu_types(asked.account, now), asked.gpu_type]
    found = {device.name: device for name in names if (device := device_of(name))}
    return sorted(found.values(), key=lambda device: device.memory_gib)


def patch_of(one: Priced, spec: Spec, setting: Setting) -> dict[str, Any] | None:
    """The settings that bring a configuration there; None where the checkpoint in that format has no name
    here. What stays as it is is left out."""
    wanted: dict[str, Any] = {
        "gpu_type": one.cell.device.name,
        "gpu_count": one.cell.count,
        "max_model_len": setting.max_model_len,
        "kv_cache_dtype": setting.kv_cache_dtype,
        "gpu_memory_utilization": f"{setting.memory_share:g}",
    }
    if not one.cell.own_format:
        model = same_model_as(spec.model, one.cell.format.key)
        if model is None:
            return None
        wanted |= {"model": model, "checkpoint_gib": None}
    now = spec.to_json()
    same = device_of(spec.gpu_type) == one.cell.device
    return {
        name: value
        for name, value in wanted.items()
        if now[name] != value and not (name == "gpu_type" and same)
    }


def _fewest(priced: Sequence[Priced], requests: float) -> list[Priced]:
    found: dict[tuple[str, str], Priced] = {}
    for one in priced:  # counts rise
        if one.cell.fits and one.cell.serves(requests):
            found.setdefault((one.cell.format.key, one.cell.device.name), one)
    return list(found.values())


def _cost(one: Priced) -> tuple[bool, Decimal, Decimal]:
    """The dearest and those without a price last; of equal ones what serves more is first."""
    return one.usd_per_hour is None, one.usd_per_hour or Decimal(0), one.usd_per_request or Decimal(0)


def _hour(book: PriceBook, cell: Cell, factor: Decimal, now: datetime) -> Decimal | None:
    held = Resources(cell.device.name, cell.count, Decimal(0), Decimal(0), factor)
    try:
        return book.usd_per_hour(held, now)
    except PriceMissing:
        return None

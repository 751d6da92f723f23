"""The tables of formats, as the templates show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

from deployments.ledger.formats import FORMATS, FORMATS_SOURCE
from deployments.ledger.prices import PriceMissing, Resources
from deployments.models import Account
from deployments.planning.memory.devices import DEVICES, Device, device_of
from deployments.planning.memory.formats import Path, WeightFormat, generation_of, path_of
from deployments.planning.memory.grid import COUNTS
from deployments.planning.spec import Spec
from deployments.services import costs
from deployments.services.formats import Formats, Priced

from .format_bars import Capacity, Option, Published, bar_width, capacities, pieces_of, widest_gib

_KEPT = {one.key: one.kept_percent for one in FORMATS}
# Accuracy is the case study's, of one model: of others nobody says it.
_OF = ("zai-org/GLM-5.2", "zai-org/GLM-5.2-FP8")


def options(found: Formats, spec: Spec | None, patches: Mapping[int, str] | None = None) -> list[Option]:
    """The rows of what serves it, cheapest first."""
    widest = widest_gib(found.options)
    rows = []
    for number, one in enumerate(found.options):
        pieces, said = pieces_of(one, widest)
        kept = _KEPT.get(one.cell.format.key) if spec is not None and spec.model in _OF else None
        patch = (patches or {}).get(number, "")
        rows.append(Option(one, pieces, said, kept, is_saved(one, spec), patch))
    return rows


def is_saved(one: Priced, spec: Spec | None) -> bool:
    """Whether it is what the configuration has now."""
    if spec is None or not one.cell.own_format:
        return False
    return (one.cell.device, one.cell.count) == (device_of(spec.gpu_type), spec.gpu_count)


@dataclass(frozen=True, slots=True)
class TableCell:
    """One combination of the large table."""

    priced: Priced
    saved: bool
    first: bool


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of formats, columns of GPUs by count."""

    devices: list[Device]
    counts: tuple[int, ...]
    rows: list[tuple[WeightFormat, list[TableCell]]]

    @property
    def columns(self) -> list[tuple[Device, int]]:
        """Every count of every GPU."""
        return [(device, count) for device in self.devices for count in self.counts]


def table(found: Formats, spec: Spec | None) -> Table:
    """The large table."""
    rows: dict[WeightFormat, list[TableCell]] = {}
    for one in found.cells:
        cell = TableCell(one, is_saved(one, spec), one.cell.count == COUNTS[0])
        rows.setdefault(one.cell.format, []).append(cell)
    return Table(found.devices, COUNTS, list(rows.items()))


@dataclass(frozen=True, slots=True)
class PathRow:
    """How each generation computes with a format."""

    format: WeightFormat
    paths: list[Path]


def paths(found: Formats) -> tuple[list[str], list[PathRow]]:
    """The generations, and a row for each format; GPUs of one generation compute alike."""
    by_generation = {generation_of(device): device for device in found.devices}
    names: dict[str, list[str]] = {}
    for device in found.devices:
        names.setdefault(generation_of(device), []).append(device.name)
    formats = dict.fromkeys(one.cell.format for one in found.cells)
    rows = [PathRow(one, [path_of(one.key, device) for device in by_generation.values()]) for one in formats]
    return [f"{', '.join(names[name])} ({name})" for name in by_generation], rows


@dataclass(frozen=True, slots=True)
class Study:
    """The case study's table and chart."""

    rows: list[Published]
    lines: list[Capacity]
    source: str = FORMATS_SOURCE


def published() -> Study:
    """The case study's formats, with today's public price of their GPUs."""
    book, now = costs.Books().of(Account()), timezone.now()
    rows = []
    for one in FORMATS:
        path = path_of(one.key, DEVICES[one.gpu_type])
        try:
            usd = book.usd_per_hour(Resources(one.gpu_type, one.gpu_count, Decimal(0), Decimal(0)), now)
        except PriceMissing:
            usd = None
        rows.append(Published(one, usd, path.way, path.words, bar_width(one)))
    return Study(rows, capacities())

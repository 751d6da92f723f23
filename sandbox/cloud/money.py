"""What a container costs: wall seconds times Modal's public prices (mid 2026), never scaled by speed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal

from sandbox.cloud.records import Container

# USD per GPU-second: modal.com/pricing, mid 2026.
GPU_USD_PER_S = {
    "H200": Decimal("0.001261"),
    "B200": Decimal("0.001736"),
    "H100": Decimal("0.001097"),
}
# USD per physical core-second and per GiB-second, on what was asked for.
CPU_USD_PER_CORE_S = Decimal("0.0000131")
MEMORY_USD_PER_GIB_S = Decimal("0.00000222")
# What Modal gives a function that asks for nothing.
DEFAULT_CORES = Decimal("0.125")
DEFAULT_MEMORY_GIB = Decimal("0.125")

_SECOND = Decimal("0.000001")
_HOUR_S = 3600


def prices(container: Container) -> dict[str, Decimal]:
    """USD per second by resource, under the names of Modal's report."""
    priced = {
        "CPU": Decimal(container.cpu_cores) * CPU_USD_PER_CORE_S,
        "Memory": Decimal(container.memory_gib) * MEMORY_USD_PER_GIB_S,
    }
    gpu = GPU_USD_PER_S.get(container.gpu_type.split("!")[0])
    if gpu is not None:
        priced[f"GPU_{container.gpu_type}"] = gpu * container.gpu_count
    return priced


def cost(container: Container, since: float, until: float, *, now: float) -> dict[str, Decimal]:
    """USD by resource for the part of its life between two instants; {} where there is none."""
    if not container.started_at:
        return {}
    begin = max(container.started_at, since)
    end = min(container.finished_at or now, until)
    if end <= begin:
        return {}
    seconds = Decimal(str(end - begin)).quantize(_SECOND)
    return {name: price * seconds for name, price in prices(container).items()}


def intervals(since: float, until: float, *, hourly: bool) -> Iterator[tuple[float, float]]:
    """Whole UTC hours or days: the first holds `since`, the last has ended by `until`."""
    length = _HOUR_S if hourly else 24 * _HOUR_S
    begin = math.floor(since / length) * length
    while begin + length <= until:
        yield float(begin), float(begin + length)
        begin += length


def rates() -> dict[str, str]:
    """Live unit prices as Modal names them: per GPU-hour, core-hour and GiB-hour."""
    hourly = {f"gpu_{name.lower()}": price * _HOUR_S for name, price in GPU_USD_PER_S.items()}
    hourly |= {"cpu": CPU_USD_PER_CORE_S * _HOUR_S, "memory": MEMORY_USD_PER_GIB_S * _HOUR_S}
    return {name: str(price) for name, price in hourly.items()}

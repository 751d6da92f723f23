"""What a deployed function asks for, read from the SDK's message. Durations are Modal's, unscaled."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from decimal import Decimal

from modal_proto import api_pb2 as pb

from sandbox.cloud.money import DEFAULT_CORES, DEFAULT_MEMORY_GIB
from sandbox.cloud.records import Function

# Modal's defaults where the function says nothing.
_SCALEDOWN_S = 60
_TIMEOUT_S = 300
_MIB_PER_GIB = 1024
_MILLI = 1000


@dataclass(frozen=True, slots=True)
class Scaling:
    """How many containers there may be, and for how long an idle one stays."""

    min_containers: int
    max_containers: int | None
    scaledown_s: float


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a container of the function is made of."""

    gpu_type: str
    gpu_count: int
    cpu_cores: Decimal
    memory_gib: Decimal


def is_web(proto: pb.Function) -> bool:
    """Whether it is a web server (`@modal.web_server`)."""
    return bool(proto.webhook_config.type)


def settings(proto: pb.Function, function: Function) -> pb.AutoscalerSettings:
    """The deployed settings with the override of `autoscaler.update` on top."""
    merged = pb.AutoscalerSettings()
    merged.CopyFrom(proto.autoscaler_settings)
    if function.override:
        merged.MergeFromString(base64.b64decode(function.override))
    return merged


def scaling(proto: pb.Function, function: Function) -> Scaling:
    """The limits that hold now."""
    found = settings(proto, function)
    return Scaling(
        min_containers=found.min_containers,
        max_containers=found.max_containers or None,
        scaledown_s=float(found.scaledown_window or proto.task_idle_timeout_secs or _SCALEDOWN_S),
    )


def max_inputs(proto: pb.Function) -> int:
    """How many inputs one container takes at a time (`@modal.concurrent`)."""
    return max(proto.max_concurrent_inputs, 1)


def timeout_s(proto: pb.Function) -> float:
    """How long one input may take."""
    return float(proto.timeout_secs or _TIMEOUT_S)


def startup_timeout_s(proto: pb.Function) -> float:
    """How long a container may take until it is ready: the shorter of the function's and the web server's."""
    own = float(proto.startup_timeout_secs or timeout_s(proto))
    web = proto.webhook_config.web_server_startup_timeout
    return min(own, web) if web else own


def hardware(proto: pb.Function) -> Hardware:
    """What it asked for, or Modal's defaults."""
    resources = proto.resources
    gpu = resources.gpu_config
    return Hardware(
        gpu_type=gpu.gpu_type,
        gpu_count=gpu.count if gpu.gpu_type else 0,
        cpu_cores=Decimal(resources.milli_cpu) / _MILLI if resources.milli_cpu else DEFAULT_CORES,
        memory_gib=Decimal(resources.memory_mb) / _MIB_PER_GIB if resources.memory_mb else DEFAULT_MEMORY_GIB,
    )


def same_work(one: pb.Function, other: pb.Function) -> bool:
    """Whether two versions of a function are the same; the SDK sends mounts in any order."""
    return _ordered(one) == _ordered(other)


def _ordered(proto: pb.Function) -> pb.Function:
    ordered = pb.Function()
    ordered.CopyFrom(proto)
    ordered.mount_ids[:] = sorted(proto.mount_ids)
    return ordered

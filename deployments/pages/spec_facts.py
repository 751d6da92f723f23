"""A spec as people read it: groups of labelled facts. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from deployments.planning.spec import Spec

from . import words


@dataclass(frozen=True, slots=True)
class Fact:
    """One line. `mono` is set for what a machine reads."""

    label: str
    value: str
    mono: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Facts under one heading."""

    name: str
    facts: tuple[Fact, ...]


def groups(spec: Spec, *, weights_present: bool | None, idle_usd: Decimal | None) -> list[Group]:
    """Model, hardware, serving, scaling and the rest. `idle_usd` is what one idle window costs."""
    return [
        _model(spec, weights_present),
        _hardware(spec),
        _serving(spec),
        _scaling(spec, idle_usd),
        _provider(spec),
    ]


def _model(spec: Spec, weights_present: bool | None) -> Group:
    size = f"{spec.checkpoint_gib:g} GiB" if spec.checkpoint_gib else "not known"
    size += {True: ", in the volume", False: ", not in the volume yet", None: ""}[weights_present]
    return Group(
        "Model",
        (
            Fact("Weights", spec.model, mono=True),
            Fact("Revision", spec.revision or "the newest", mono=bool(spec.revision)),
            Fact("Size", size),
            Fact("Name for clients", spec.served_name, mono=True),
            Fact("Engine", f"{spec.engine} {spec.engine_version}"),
            Fact("Image", spec.image.reference, mono=True),
        ),
    )


def _hardware(spec: Spec) -> Group:
    gpus = f"{spec.gpu_count} × {spec.gpu_type}" if spec.gpu_count else "none"
    return Group(
        "Hardware",
        (
            Fact("GPUs", gpus),
            Fact("GPU memory to use", f"{spec.gpu_memory_utilization} of each"),
            Fact("CPU", f"{spec.cpu_cores:g} cores" if spec.cpu_cores else "not requested"),
            Fact("Memory", f"{spec.memory_gib:g} GiB" if spec.memory_gib else "not requested"),
            Fact("Region", spec.region or "any"),
        ),
    )


def _serving(spec: Spec) -> Group:
    speculative = json.dumps(dict(spec.speculative)) if spec.speculative else "none"
    return Group(
        "Serving",
        (
            Fact(
                "Longest context", f"{spec.max_model_len:,} tokens" if spec.max_model_len else "the model’s"
            ),
            Fact("Requests at once", f"{spec.max_num_seqs} in the engine, {spec.max_inputs} at the provider"),
            Fact("Cache type", spec.kv_cache_dtype or "the model’s", mono=bool(spec.kv_cache_dtype)),
            Fact("Speculative decoding", speculative, mono=bool(spec.speculative)),
            Fact("Tool calls", spec.tool_call_parser or "off", mono=bool(spec.tool_call_parser)),
            Fact("Reasoning", spec.reasoning_parser or "off", mono=bool(spec.reasoning_parser)),
            Fact("Compiling", "off (eager): wakes faster" if spec.eager else "on"),
            Fact("More flags", " ".join(spec.extra_flags) or "none", mono=bool(spec.extra_flags)),
        ),
    )


def _scaling(spec: Spec, idle_usd: Decimal | None) -> Group:
    idle = words.duration(spec.idle_window_s)
    idle += f", {words.about_money(idle_usd)} each time" if idle_usd else ""
    return Group(
        "Time",
        (
            Fact("Goes out when idle for", idle),
            Fact("Waits for requests when put out", words.duration(spec.drain_limit_s)),
            Fact("Longest request", words.duration(spec.request_timeout_s)),
            Fact("Gives up a start after", words.duration(spec.startup_timeout_s)),
        ),
    )


def _provider(spec: Spec) -> Group:
    volumes = ", ".join(f"{name} at {path}" for path, name in spec.volumes.items())
    return Group(
        "At the provider",
        (
            Fact("App", spec.app_name, mono=True),
            Fact("Volumes", volumes or "none", mono=bool(volumes)),
            Fact("Secrets", ", ".join(spec.secrets) or "none", mono=bool(spec.secrets)),
            Fact("Environment", _pairs(spec.environment) or "none", mono=bool(spec.environment)),
            Fact("Added to the image", _added(spec) or "nothing", mono=bool(_added(spec))),
        ),
    )


def _pairs(environment: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in environment.items())


def _added(spec: Spec) -> str:
    """What is done on top of the image before it is used."""
    return "; ".join([*spec.image.setup_commands, *spec.image.pip, _pairs(spec.image.environment)]).strip(
        "; "
    )

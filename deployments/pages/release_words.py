"""What changed between two configurations, in words and in the engine's own flags. Pure."""

import json
from dataclasses import dataclass
from difflib import ndiff
from typing import Any

from deployments.engines.registry import engine_for
from deployments.planning.spec import Spec, SpecError
from deployments.services.releases import Change

LABELS = {
    "app_name": "App at the provider", "model": "Weights", "served_name": "Name for clients",
    "image": "Image",
    "gpu_type": "GPU type", "gpu_count": "GPUs", "engine": "Engine", "engine_version": "Engine version",
    "revision": "Revision", "checkpoint_gib": "Size of the weights, GiB", "cpu_cores": "CPU cores",
    "memory_gib": "Memory, GiB", "expected_cpu_cores": "CPU cores it is priced with",
    "expected_memory_gib": "Memory it is priced with, GiB", "region": "Region",
    "max_model_len": "Longest context, tokens", "max_num_seqs": "Requests at once in the engine",
    "gpu_memory_utilization": "GPU memory to use", "kv_cache_dtype": "Cache type",
    "speculative": "Speculative decoding", "tool_call_parser": "Tool calls", "reasoning_parser": "Reasoning",
    "load_strategy": "Loading of weights", "eager": "Without compiling (eager)",
    "trust_remote_code": "Code of the model’s repository", "extra_flags": "More flags",
    "environment": "Environment", "secrets": "Secrets", "volumes": "Volumes",
    "idle_window_s": "Goes out when idle for, seconds",
    "startup_timeout_s": "Gives up a start after, seconds",
    "request_timeout_s": "Longest request, seconds", "max_inputs": "Requests at once at the provider",
    "drain_limit_s": "Waits for requests when put out, seconds", "expected_boot_s": "Expected cold start, s",
    "expected_download_s": "Expected download, seconds", "gpu_snapshot": "GPU snapshots (experimental)",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting as people read it, before and after."""

    label: str
    before: str
    after: str


def in_words(changes: list[Change]) -> list[Difference]:
    """The changes with plain names and values."""
    return [Difference(LABELS.get(c.field, c.field), said(c.before), said(c.after)) for c in changes]


def said(value: Any) -> str:
    """A value as people read it."""
    if value is None or value in ([], {}, ""):
        return "not set"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return f"{value:,}" if isinstance(value, int) else str(value)


def in_flags(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str]]:
    """The command's options that differ, each as `("+", "--max-model-len 65536")` or with `"-"`."""
    lines = ndiff(_options(before), _options(after))
    return [(line[0], line[2:]) for line in lines if line[0] in "+-"]


def _options(config: dict[str, Any]) -> list[str]:
    """One option with its value to an entry; nothing for a configuration that cannot be read."""
    try:
        spec = Spec.from_json(config)
        argv = engine_for(spec.engine).command(spec).argv
    except (SpecError, LookupError):
        return []
    options: list[str] = []
    for word in argv:
        if word.startswith("--") or not options:
            options.append(word)
        else:
            options[-1] += f" {word}"
    return options

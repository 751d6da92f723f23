"""What one stand-in process runs with: parsed flags and environment as one frozen value."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.engine.arguments import Arguments
from sandbox.engine.catalogue import Catalogue
from sandbox.engine.fault import Fault, read_fault

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, never bound
# Measured on 8x H200 at 0.92 memory use: what is left for the KV cache, and the tokens it holds.
KV_CACHE_GIB = 25.94
KV_CACHE_TOKENS = 516_000
GLM_CONTEXT_TOKENS = 1_048_576
OTHER_CONTEXT_TOKENS = 32_768
# Warm generation measured between 30 and 50 tokens/s for one request.
TOKENS_PER_S = 45.0
MAX_PACE = 3.0


@dataclass(frozen=True, slots=True)
class Settings:
    """One server's configuration. Durations are of life; divide them by `speed`."""

    model: str
    revision: str | None
    served_names: tuple[str, ...]
    host: str
    port: int
    bind_port: int
    api_keys: tuple[str, ...] = field(repr=False)
    max_model_len: int
    max_num_seqs: int
    tensor_parallel: int
    kv_cache_dtype: str
    eager: bool
    prefetch: bool
    prefix_caching: bool
    prompt_details: bool
    force_usage: bool
    load_tracking: bool
    auto_tools: bool
    tool_parser: str | None
    reasoning_parser: str
    draft_tokens: int
    draft_method: str
    log_level: str
    log_stats: bool
    stats_interval_s: float
    speed: float
    tokens_per_s: float
    fault: Fault | None
    hub: Path
    offline: bool
    has_hub_token: bool
    pid_file: Path | None
    version: str
    fingerprint: str


def read_settings(arguments: Arguments, catalogue: Catalogue, environment: Mapping[str, str]) -> Settings:
    """Settings from a command line and an environment. Raises ValueError for unusable ones."""
    values = arguments.values
    speculation = values.get("speculative_config") or {}
    speed = float(environment.get("SANDBOX_SPEED") or 1)
    model = str(values.get("model_tag") or values["model"])
    host = str(values.get("host") or "0.0.0.0")  # noqa: S104 - told in the log, never bound
    return Settings(
        model=model,
        revision=values.get("revision"),
        served_names=tuple(values.get("served_model_name") or [model]),
        host=host,
        port=int(values["port"]),
        bind_port=_bind_port(host, int(values["port"]), environment),
        api_keys=_api_keys(values, environment),
        max_model_len=_context_tokens(values.get("max_model_len"), model),
        max_num_seqs=int(values.get("max_num_seqs") or 256),
        tensor_parallel=int(values["tensor_parallel_size"]),
        kv_cache_dtype=str(values["kv_cache_dtype"]),
        eager=bool(values["enforce_eager"]),
        prefetch=values.get("safetensors_load_strategy") == "prefetch",
        prefix_caching=values.get("enable_prefix_caching") is not False,
        prompt_details=bool(values["enable_prompt_tokens_details"]),
        force_usage=bool(values.get("enable_force_include_usage")),
        load_tracking=bool(values["enable_server_load_tracking"]),
        auto_tools=bool(values["enable_auto_tool_choice"]),
        tool_parser=values.get("tool_call_parser"),
        reasoning_parser=str(values.get("reasoning_parser") or ""),
        draft_tokens=int(speculation.get("num_speculative_tokens", 0)),
        draft_method=str(speculation.get("method", "")),
        log_level=str(values["uvicorn_log_level"]),
        log_stats=not values["disable_log_stats"],
        stats_interval_s=float(environment.get("VLLM_LOG_STATS_INTERVAL") or 10),
        speed=speed,
        tokens_per_s=_tokens_per_s(speed, environment),
        fault=read_fault(environment.get("SANDBOX_FAULT", "")),
        hub=hub_folder(environment),
        offline=is_offline(environment),
        has_hub_token=bool(environment.get("HF_TOKEN")),
        pid_file=_path(environment.get("SANDBOX_ENGINE_PID_FILE")),
        version=catalogue.version,
        fingerprint=f"vllm-{catalogue.version}-{secrets.token_hex(4)}",
    )


def _bind_port(host: str, port: int, environment: Mapping[str, str]) -> int:
    """The loopback port to bind; 0 (any) where the asked host keeps the cloud from finding it."""
    given = environment.get("SANDBOX_PORT")
    if not given:
        return port
    return int(given) if host in EVERYWHERE else 0


def _api_keys(values: Mapping[str, Any], environment: Mapping[str, str]) -> tuple[str, ...]:
    keys = values.get("api_key") or [environment.get("VLLM_API_KEY")]
    return tuple(key for key in keys if key)


def _context_tokens(asked: int | None, model: str) -> int:
    if asked is not None and asked > 0:
        return asked
    if asked == -1:
        return KV_CACHE_TOKENS
    return GLM_CONTEXT_TOKENS if "glm-5" in model.lower() else OTHER_CONTEXT_TOKENS


def _tokens_per_s(speed: float, environment: Mapping[str, str]) -> float:
    """Reading speed, not boot speed: streams quicken only a little, so that they still look like streams."""
    given = environment.get("SANDBOX_TOKENS_PER_S")
    return float(given) if given else TOKENS_PER_S * min(MAX_PACE, max(1.0, speed**0.25))


def is_offline(environment: Mapping[str, str]) -> bool:
    """Whether the environment forbids downloads."""
    return environment.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")


def hub_folder(environment: Mapping[str, str]) -> Path:
    """Where Hugging Face keeps models: under HF_HOME, else under the home folder's cache."""
    home = environment.get("HF_HOME")
    root = Path(home) if home else Path(environment.get("HOME") or "/root") / ".cache" / "huggingface"
    return root / "hub"


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None

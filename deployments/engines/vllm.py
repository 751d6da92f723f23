"""vLLM: a spec as `vllm serve` arguments."""

import json
from collections.abc import Iterator

from deployments.planning.spec import Spec, SpecError

from .base import Command, Fact
from .vllm_log import read

PORT = 8000

# Guarded by the gateway, never by us in argv: 0.26 prints `--api-key` in clear in its log, and process lists
# show it. The engine reads VLLM_API_KEY from its environment, which the provider's secret sets.
_FORBIDDEN = ("--api-key", "--api_key")
# Secrets do not belong into a spec, which is stored and shown; development mode opens unguarded routes that
# put the engine to sleep or run code in its workers.
_FORBIDDEN_VARIABLES = ("VLLM_API_KEY", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "VLLM_SERVER_DEV_MODE")


class Vllm:
    """The `Engine` of vLLM 0.26 to 0.33."""

    name = "vllm"

    def command(self, spec: Spec) -> Command:
        """`vllm serve MODEL ...`. Raises SpecError for a setting that must not be an argument."""
        for flag in spec.extra_flags:
            if flag.split("=", 1)[0] in _FORBIDDEN:
                raise SpecError(
                    "extra_flags", "must not hold the engine's key; the panel writes it as a secret."
                )
        for name in _FORBIDDEN_VARIABLES:
            if name in spec.environment or name in spec.image.environment:
                raise SpecError("environment", f"must not set {name}; remove it.")
        argv = ("vllm", "serve", spec.model, *settings_flags(spec), *spec.extra_flags)
        return Command(argv=argv, environment=dict(spec.environment))

    def read(self, line: str) -> tuple[Fact, ...]:
        """What one log line says; empty for a line that says nothing of use."""
        return read(line)


def settings_flags(spec: Spec) -> Iterator[str]:
    """What the settings become: the published recipe's flags in its order; None leaves its flag out."""
    yield from ("--served-model-name", spec.served_name)
    # Modal's proxy reaches only a server that is bound to every interface.
    yield from ("--host", "0.0.0.0", "--port", str(PORT), "--uvicorn-log-level", "info")  # noqa: S104
    yield from _capacity(spec)
    yield from _abilities(spec)
    if spec.load_strategy:
        yield from ("--safetensors-load-strategy", spec.load_strategy)
    yield "--enable-prefix-caching"
    if spec.eager:
        yield "--enforce-eager"
    yield "--enable-prompt-tokens-details"  # without it, usage does not say how many tokens were cached


def _capacity(spec: Spec) -> Iterator[str]:
    # vLLM 0.32 refuses to start with both ("async scheduling is only supported with EAGLE/MTP/...").
    if (spec.speculative or {}).get("method") != "ngram":
        yield "--async-scheduling"
    if spec.revision:
        yield from ("--revision", spec.revision)
    if spec.gpu_count > 1:
        yield from ("--tensor-parallel-size", str(spec.gpu_count))
    if spec.kv_cache_dtype:
        yield from ("--kv-cache-dtype", spec.kv_cache_dtype)
    if spec.max_model_len is not None:
        yield from ("--max-model-len", str(spec.max_model_len))
    yield from ("--max-num-seqs", str(spec.max_num_seqs))
    yield from ("--gpu-memory-utilization", spec.gpu_memory_utilization)


def _abilities(spec: Spec) -> Iterator[str]:
    if spec.trust_remote_code:
        yield "--trust-remote-code"
    if spec.speculative:
        yield from ("--speculative-config", json.dumps(dict(spec.speculative), separators=(",", ":")))
    if spec.tool_call_parser:
        yield from ("--tool-call-parser", spec.tool_call_parser)
    if spec.reasoning_parser:
        yield from ("--reasoning-parser", spec.reasoning_parser)
    if spec.tool_call_parser:
        yield "--enable-auto-tool-choice"

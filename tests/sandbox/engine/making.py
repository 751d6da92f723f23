"""Parts of the stand-in, made for a test."""

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from sandbox.engine.arguments import parse_serve
from sandbox.engine.boot import boot_steps
from sandbox.engine.catalogue import Catalogue, load_catalogue
from sandbox.engine.console import Console
from sandbox.engine.core import Engine
from sandbox.engine.metrics import Metrics
from sandbox.engine.output import CONTENT, Job, Token
from sandbox.engine.settings import Settings, read_settings
from sandbox.engine.timeline import BootFailure, Step

CATALOGUES = Path(__file__).resolve().parents[3] / "deployments" / "engines" / "catalogues"
MODEL = "zai-org/GLM-5.2-FP8"
# The published recipe's flags, with the repairs (no key in argv).
RECIPE = [
    MODEL,
    *("--served-model-name", "glm-5.2-fp8", "--host", "0.0.0.0", "--port", "8000"),
    *("--uvicorn-log-level", "info", "--async-scheduling", "--tensor-parallel-size", "8"),
    *("--kv-cache-dtype", "fp8", "--max-model-len", "131072", "--max-num-seqs", "32"),
    *("--gpu-memory-utilization", "0.92", "--trust-remote-code"),
    *("--speculative-config", '{"method":"mtp","num_speculative_tokens":5}'),
    *("--tool-call-parser", "glm47", "--reasoning-parser", "glm45", "--enable-auto-tool-choice"),
    *("--safetensors-load-strategy", "prefetch", "--enable-prefix-caching", "--enforce-eager"),
    "--enable-prompt-tokens-details",
]


def catalogue(version: str = "0.33.0") -> Catalogue:
    return load_catalogue({"SANDBOX_FLAG_CATALOGUE": str(CATALOGUES / f"vllm-{version}.json")})


def make_settings(
    *extra: str, environment: Mapping[str, str] | None = None, argv: Sequence[str] = RECIPE
) -> Settings:
    """Settings of the recipe with more flags; the hub is nowhere unless HF_HOME says so."""
    known = catalogue()
    given = {"HF_HOME": "/nonexistent"} | dict(environment or {})
    return read_settings(parse_serve([*argv, *extra], known), known, given)


def without(*flags: str) -> list[str]:
    """The recipe less these flags, with their values."""
    kept, skip = list[str](), False
    for part in RECIPE:
        if part.startswith("--"):
            skip = part in flags
        if not skip:
            kept.append(part)
    return kept


def make_console() -> tuple[Console, io.StringIO]:
    """A console at a fixed time and pid, and what it writes into."""
    stream = io.StringIO()
    now = datetime(2026, 11, 23, 7, 18, 1, tzinfo=UTC)
    return Console(stream, now=lambda: now, pid=100), stream


def make_engine(
    *extra: str, environment: Mapping[str, str] | None = None
) -> tuple[Engine, Metrics, io.StringIO]:
    """An engine that generates and compiles in no time, its metrics and its log."""
    fast = {"SANDBOX_SPEED": "1000000", "SANDBOX_TOKENS_PER_S": "1000000"}
    settings = make_settings(*extra, environment=fast | dict(environment or {}))
    console, stream = make_console()
    metrics = Metrics(settings)
    return Engine(settings, metrics, console), metrics, stream


def make_job(prompt_tokens: int = 10, output_tokens: int = 20) -> Job:
    output = [Token(CONTENT, f" {index}") for index in range(output_tokens)]
    prompt = [f" p{index}" for index in range(prompt_tokens)]
    return Job(prompt, output, "stop", 4, output_tokens)


def play(settings: Settings, given: Mapping[str, object] | None = None) -> tuple[str, float, int | None]:
    """Run a boot without waiting: the log, its seconds of life, and the exit code where it failed."""
    console, stream = make_console()
    seconds = 0.0
    try:
        for step in boot_steps(settings, catalogue(), dict(given or {})):
            seconds += _run(step, console)
    except BootFailure as failure:
        return stream.getvalue(), seconds, failure.exit_code
    return stream.getvalue(), seconds, None


def _run(step: Step, console: Console) -> float:
    step.write(console)
    return step.wait_s

"""The boot: which lines, for how long, and what it dies of."""

import re
from pathlib import Path

import pytest

from deployments.engines.vllm import Vllm
from deployments.planning.presets import PRESETS
from sandbox.engine.weights import leave_tree
from tests.sandbox.engine.making import MODEL, make_settings, play, without


@pytest.fixture
def cached(tmp_path: Path) -> dict[str, str]:
    """An environment whose cache has the model."""
    leave_tree(tmp_path / "hub", MODEL)
    return {"HF_HOME": str(tmp_path)}


def test_repaired_recipe_takes_what_is_left_of_four_and_a_half_minutes(cached: dict[str, str]) -> None:
    log, seconds, failed = play(make_settings(environment=cached))
    assert failed is None
    # 270 s in all, of which about 50 s are the container's.
    assert 210 <= seconds <= 228
    assert "Loading weights took 61.20 seconds" in log


def test_recipe_tells_of_mtp_fp8_and_eight_workers(cached: dict[str, str]) -> None:
    log, _, _ = play(make_settings(environment=cached))
    assert "Resolved architecture: GlmMoeDsaForCausalLM" in log
    assert "Resolved architecture: DeepSeekMTPModel" in log
    assert "Using fp8 data type to store kv cache" in log
    assert "Loading drafter model..." in log
    assert "Filesystem type for checkpoints: 9P. Checkpoint size: 703.74 GiB." in log
    assert (
        "GPU KV cache size: 516,000 tokens, Maximum concurrency for 131,072 tokens per request: 3.94x" in log
    )
    assert "DeepGEMM warmup: 100%|██████████| 2161/2161" in log
    assert {int(rank) for rank in re.findall(r"\(Worker_TP(\d)", log)} == set(range(8))


def test_without_prefetching_loading_takes_over_twelve_minutes(cached: dict[str, str]) -> None:
    fast = play(make_settings(environment=cached))[1]
    argv = without("--safetensors-load-strategy")
    log, seconds, _ = play(make_settings(argv=argv, environment=cached))
    assert "Auto-prefetch is disabled because the filesystem (9P) is not a recognized network FS" in log
    assert "Prefetching checkpoint files" not in log
    assert seconds - fast > 11 * 60


def test_small_model_is_ready_within_the_start_limit_of_its_preset(tmp_path: Path) -> None:
    small = PRESETS["qwen3-0-6b"]
    leave_tree(tmp_path / "hub", small.model)
    argv = list(Vllm().command(small).argv[2:])
    log, seconds, failed = play(make_settings(argv=argv, environment={"HF_HOME": str(tmp_path)}))
    assert failed is None
    assert "Auto-prefetch is disabled" in log
    assert seconds < small.expected_boot_s < small.startup_timeout_s


def test_without_eager_compiling_takes_twenty_minutes(cached: dict[str, str]) -> None:
    log, seconds, _ = play(make_settings(argv=without("--enforce-eager"), environment=cached))
    assert "Enforce eager set" not in log
    assert re.search(r"Dynamo bytecode transform time: [\d.]+ s", log)
    assert re.search(r"torch\.compile took [\d.]+ s in total", log)
    assert "Capturing CUDA graphs (decode, FULL): 100%" in log
    assert re.search(r"Graph capturing finished in \d+ secs, took [\d.]+ GiB", log)
    assert re.search(r"init engine .* took [\d.]+ s \(compilation: [\d.]+ s\)", log)
    assert seconds > 20 * 60


def test_absent_weights_are_downloaded_and_left_for_the_next_start(tmp_path: Path) -> None:
    environment = {"HF_HOME": str(tmp_path)}
    log, seconds, _ = play(make_settings(environment=environment))
    assert re.search(rf"Time spent downloading weights for {MODEL}: 1200\.\d+ seconds", log)
    assert seconds > 1200
    assert play(make_settings(environment=environment))[1] < 230


def test_without_weights_and_network_it_dies(tmp_path: Path) -> None:
    environment = {"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    log, _, failed = play(make_settings(environment=environment))
    assert failed == 1
    assert "LocalEntryNotFoundError: Cannot find an appropriate cached snapshot folder" in log


@pytest.mark.parametrize(
    ("model", "token", "text"),
    [
        (
            "org/gated-model",
            "",
            "Cannot access gated repo for url https://huggingface.co/api/models/org/gated",
        ),
        ("org/gated-model", "hf_x", None),
        (
            "org/missing-model",
            "hf_x",
            "Repository Not Found for url: https://huggingface.co/api/models/org/missing",
        ),
        (
            "/models/none",
            "",
            "Repo id must be in the form 'repo_name' or 'namespace/repo_name': '/models/none'",
        ),
    ],
)
def test_weights_that_the_hub_refuses(tmp_path: Path, model: str, token: str, text: str | None) -> None:
    environment = {"HF_HOME": str(tmp_path), "HF_TOKEN": token}
    log, _, failed = play(make_settings(argv=[model], environment=environment))
    assert failed == (1 if text else None)
    assert text is None or text in log


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (
            ["--tool-call-parser", "glm99"],
            "KeyError: 'invalid tool call parser: glm99 (chose from { apertus,beam,",
        ),
        (
            ["--reasoning-parser", "glm99"],
            "KeyError: \"Reasoning parser 'glm99' not found. Available parsers: beam",
        ),
    ],
)
def test_wrong_parsers_die_after_the_command_line(
    cached: dict[str, str], flags: list[str], text: str
) -> None:
    log, _, failed = play(make_settings(*flags, environment=cached))
    assert failed == 1
    assert text in log
    assert "Resolved architecture" not in log


def test_tools_need_a_parser(cached: dict[str, str]) -> None:
    log, _, failed = play(make_settings(argv=without("--tool-call-parser"), environment=cached))
    assert failed == 1
    assert "--enable-auto-tool-choice requires --tool-call-parser" in log


def test_a_million_tokens_do_not_fit(cached: dict[str, str]) -> None:
    settings = make_settings("--max-model-len", "1048576", environment=cached)
    log, _, failed = play(settings)
    assert failed == 1
    # 1,048,576 x 25.94 / 516,000 = 52.71 GiB
    assert "max seq len (1048576), (52.71 GiB KV cache is needed, which is larger than the available" in log
    assert "the estimated maximum model length is 516000" in log
    assert "Engine core initialization failed. See root cause above." in log


def test_key_is_hidden_among_the_arguments(cached: dict[str, str]) -> None:
    log, _, _ = play(make_settings(environment=cached), {"api_key": ["sk-secret"], "port": 8000})
    assert "'api_key': '***'" in log
    assert "sk-secret" not in log


def test_address_in_the_log_is_the_asked_one(cached: dict[str, str]) -> None:
    log, _, _ = play(make_settings(environment=cached | {"SANDBOX_PORT": "18123"}))
    assert "Starting vLLM server on http://0.0.0.0:8000" in log
    assert "18123" not in log

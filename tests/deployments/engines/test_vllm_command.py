"""The argv of a spec, held to vLLM's own argument parser by the catalogue of its flags."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from deployments.engines.registry import engine_for
from deployments.planning.presets import GLM_5_2_FP8
from deployments.planning.spec import SpecError

CATALOGUES = Path(__file__).parents[3] / "deployments" / "engines" / "catalogues"

RECIPE = [
    *("vllm", "serve", "zai-org/GLM-5.2-FP8", "--served-model-name", "glm-5.2-fp8"),
    *("--host", "0.0.0.0", "--port", "8000", "--uvicorn-log-level", "info", "--async-scheduling"),
    *("--tensor-parallel-size", "8", "--kv-cache-dtype", "fp8", "--max-model-len", "131072"),
    *("--max-num-seqs", "32", "--gpu-memory-utilization", "0.92", "--trust-remote-code"),
    *("--speculative-config", '{"method":"mtp","num_speculative_tokens":5}'),
    *("--tool-call-parser", "glm47", "--reasoning-parser", "glm45", "--enable-auto-tool-choice"),
    *("--safetensors-load-strategy", "prefetch", "--enable-prefix-caching", "--enforce-eager"),
    "--enable-prompt-tokens-details",
]


def command(**changes):
    return engine_for("vllm").command(replace(GLM_5_2_FP8, **changes))


def catalogue(version):
    rows = json.loads((CATALOGUES / f"vllm-{version}.json").read_text())["flags"]
    return {flag: row for row in rows for flag in row["flags"]}


def test_built_in_preset_gives_the_repaired_recipe():
    assert list(command().argv) == RECIPE


def test_no_secret_is_in_argv_or_environment():
    whole = repr(command())
    assert "api-key" not in whole
    assert "API_KEY" not in whole


@pytest.mark.parametrize("version", ["0.32.0", "0.33.0"])
def test_every_flag_exists_in_the_engine_with_the_right_kind_of_value(version):
    known = catalogue(version)
    everything = command(revision="main", extra_flags=("--enable-log-requests",)).argv[3:]
    for position, flag in enumerate(everything):
        if not flag.startswith("--"):
            continue
        row = known[flag]
        takes_none = position + 1 == len(everything) or everything[position + 1].startswith("--")
        assert takes_none == (row["kind"] == "bool"), flag
        if row["choices"] and not takes_none:
            assert everything[position + 1] in row["choices"], flag


@pytest.mark.parametrize(
    ("field", "value", "flag"),
    [
        ("kv_cache_dtype", None, "--kv-cache-dtype"),
        ("max_model_len", None, "--max-model-len"),
        ("speculative", None, "--speculative-config"),
        ("tool_call_parser", None, "--enable-auto-tool-choice"),
        ("reasoning_parser", None, "--reasoning-parser"),
        ("load_strategy", None, "--safetensors-load-strategy"),
        ("eager", False, "--enforce-eager"),
        ("trust_remote_code", False, "--trust-remote-code"),
        ("gpu_count", 1, "--tensor-parallel-size"),
    ],
)
def test_a_setting_that_is_off_leaves_its_flag_out(field, value, flag):
    assert flag in command().argv
    assert flag not in command(**{field: value}).argv


def test_extra_flags_come_last_so_that_they_win():
    argv = command(extra_flags=("--max-model-len", "65536")).argv
    assert argv[-2:] == ("--max-model-len", "65536")


@pytest.mark.parametrize("flag", ["--api-key", "--api-key=sk-1", "--api_key=sk-1"])
def test_the_engines_key_is_refused_as_an_argument(flag):
    with pytest.raises(SpecError) as caught:
        command(extra_flags=(flag,))
    assert caught.value.field == "extra_flags"
    assert "sk-1" not in str(caught.value)


@pytest.mark.parametrize("name", ["VLLM_API_KEY", "HF_TOKEN", "VLLM_SERVER_DEV_MODE"])
def test_a_secret_or_development_mode_in_the_environment_is_refused(name):
    image = replace(GLM_5_2_FP8.image, environment={name: "1"})
    for changes in ({"environment": {name: "1"}}, {"image": image}):
        with pytest.raises(SpecError) as caught:
            command(**changes)
        assert caught.value.field == "environment"


def test_ngram_speculation_goes_without_async_scheduling():
    """Both together end the engine at its start (recorded of 0.32)."""
    argv = command(speculative={"method": "ngram", "num_speculative_tokens": 3}).argv
    assert "--async-scheduling" not in argv
    assert "--async-scheduling" in command(speculative=None).argv


def test_the_specs_environment_reaches_the_engine():
    assert command(environment={"A": "1"}).environment == {"A": "1"}


def test_an_unknown_engine_names_the_field():
    with pytest.raises(SpecError) as caught:
        engine_for("llama.cpp")
    assert caught.value.field == "engine"

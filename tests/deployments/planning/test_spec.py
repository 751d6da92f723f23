"""The spec: there and back, and an error for every wrong value that names its field."""

import json

import pytest

from deployments.planning.presets import GLM_5_2_FP8, PRESETS
from deployments.planning.spec import Spec, SpecError

SMALL = {
    "app_name": "tiny",
    "model": "org/tiny",
    "served_name": "tiny",
    "image": {"reference": "vllm/vllm-openai:v0.33.0"},
    "gpu_type": "H100",
    "gpu_count": 1,
}


def spec(**changes):
    return Spec.from_json(SMALL | changes)


@pytest.mark.parametrize("made", [GLM_5_2_FP8, spec()], ids=["preset", "defaults"])
def test_there_and_back_through_text(made):
    assert Spec.from_json(json.loads(json.dumps(made.to_json()))) == made


def test_a_draft_is_not_changed_by_reading_it():
    draft = json.loads(json.dumps(GLM_5_2_FP8.to_json()))
    before = json.dumps(draft)
    Spec.from_json(draft)
    assert json.dumps(draft) == before


@pytest.mark.parametrize("name", list(SMALL))
def test_what_is_missing_is_named(name):
    with pytest.raises(SpecError) as caught:
        Spec.from_json({key: value for key, value in SMALL.items() if key != name})
    assert caught.value.field == name


WRONG = [
    ("app_name", " "),
    ("model", ""),
    ("served_name", None),
    ("gpu_type", 5),
    ("engine", ""),
    ("engine_version", None),
    ("image", None),
    ("image", {"reference": ""}),
    ("image", {"reference": "a", "pip": "aiohttp"}),
    ("image", {"reference": "a", "setup_commands": [1]}),
    ("image", {"reference": "a", "environment": {"A": 1}}),
    ("image", {"reference": "a", "entrypoint": "x"}),
    ("gpu_count", -1),
    ("gpu_count", 9),
    ("gpu_count", None),
    ("gpu_count", True),
    ("gpu_count", "8"),
    ("gpu_count", 1.5),
    ("max_model_len", 0),
    ("max_model_len", 1.5),
    ("max_num_seqs", 0),
    ("max_num_seqs", None),
    ("max_inputs", 1001),
    ("max_inputs", 31),  # below max_num_seqs: sequences that no request could ever fill
    ("idle_window_s", 1),
    ("idle_window_s", 3601),
    ("startup_timeout_s", 59),
    ("request_timeout_s", 86401),
    ("drain_limit_s", -1),
    ("cpu_cores", 0),
    ("memory_gib", float("nan")),
    ("checkpoint_gib", -1),
    ("expected_cpu_cores", 0),
    ("expected_memory_gib", None),
    ("expected_boot_s", 0),
    ("expected_download_s", "long"),
    ("gpu_memory_utilization", "1.01"),
    ("gpu_memory_utilization", "much"),
    ("gpu_memory_utilization", "NaN"),
    ("gpu_memory_utilization", 0.92),
    ("kv_cache_dtype", 8),
    ("load_strategy", ["prefetch"]),
    ("eager", "yes"),
    ("trust_remote_code", 1),
    ("speculative", "mtp"),
    ("extra_flags", "--enable-log-requests"),
    ("extra_flags", None),
    ("extra_flags", [1]),
    ("secrets", "huggingface"),
    ("environment", ["A=1"]),
    ("environment", {"A": 1}),
    ("volumes", {"": "cache"}),
    ("max_repicas", 1),
]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=[f"{name}={value!r}" for name, value in WRONG])
def test_what_is_wrong_is_named_with_a_remedy(name, value):
    with pytest.raises(SpecError) as caught:
        spec(**{name: value})
    assert caught.value.field == name
    assert str(caught.value).startswith(f"{name}: ")
    assert caught.value.message.endswith(".")


@pytest.mark.parametrize("name", ["environment", "volumes"])
def test_values_that_could_be_secret_are_not_repeated(name):
    with pytest.raises(SpecError) as caught:
        spec(**{name: {"TOKEN": ["hunter2"]}})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gpu_count", 0),
        ("gpu_count", 8),
        ("idle_window_s", 2),
        ("idle_window_s", 3600),
        ("drain_limit_s", 0),
        ("max_inputs", 32),
        ("max_model_len", None),
        ("cpu_cores", 0.125),
        ("gpu_memory_utilization", "1"),
    ],
)
def test_the_bounds_themselves_are_allowed(name, value):
    assert getattr(spec(**{name: value}), name) == value


def test_the_preset_is_the_published_recipe():
    """Model, image, hardware and vLLM's settings as published for GLM-5.2-FP8 on eight H200."""
    made = PRESETS["glm-5-2-fp8"]
    assert (made.app_name, made.model, made.served_name) == (
        "glm5-2-inference", "zai-org/GLM-5.2-FP8", "glm-5.2-fp8",
    )  # fmt: skip
    assert (made.gpu_type, made.gpu_count, made.checkpoint_gib) == ("H200", 8, 703.74)
    assert made.image.reference == "vllm/vllm-openai:glm52-cu129"
    assert made.image.pip == ("aiohttp", "typing-extensions>=4.15.0")
    assert made.image.environment == {"HF_XET_HIGH_PERFORMANCE": "1", "VLLM_LOG_STATS_INTERVAL": "1"}
    assert (made.max_model_len, made.max_num_seqs, made.gpu_memory_utilization) == (131072, 32, "0.92")
    assert (made.kv_cache_dtype, made.load_strategy, made.eager) == ("fp8", "prefetch", True)
    assert made.trust_remote_code is True
    assert made.speculative == {"method": "mtp", "num_speculative_tokens": 5}
    assert (made.tool_call_parser, made.reasoning_parser) == ("glm47", "glm45")
    assert (made.idle_window_s, made.startup_timeout_s) == (900, 3600)
    assert made.secrets == ("huggingface", "vllm-api-key")
    assert made.volumes["/root/.cache/huggingface"] == "huggingface-cache"
    assert made.volumes["/root/.cache/vllm"] == "vllm-cache"


def test_the_preset_repairs_the_recipe():
    """Room beside 32 sequences for health and warm-up; requests as long as they may be; FlashInfer's first
    build kept; the shadowing typing_extensions.py removed before pip runs; no key among the arguments."""
    made = GLM_5_2_FP8
    assert made.max_inputs == made.max_num_seqs + 8
    assert made.request_timeout_s == 86400
    assert made.volumes["/root/.cache/flashinfer"] == "flashinfer-cache"
    assert any("rm -f" in step and "typing_extensions.py" in step for step in made.image.setup_commands)
    assert any("python3" in step and "/usr/local/bin/python" in step for step in made.image.setup_commands)
    assert not any("api-key" in flag for flag in made.extra_flags)
    assert made.expected_boot_s == 275.0


@pytest.mark.parametrize("name", ["HF_TOKEN", "OPENAI_API_KEY", "db_password", "SECRET"])
def test_a_secret_in_plain_environment_is_refused(name: str) -> None:
    with pytest.raises(SpecError, match=f"holds {name}") as caught:
        Spec.from_json(GLM_5_2_FP8.to_json() | {"environment": {name: "x-very-secret"}})
    assert "x-very-secret" not in str(caught.value)

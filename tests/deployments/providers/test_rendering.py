"""The document that goes to the provider."""

import json
from dataclasses import replace

import pytest

from deployments.planning.presets import GLM_5_2_FP8
from deployments.planning.spec import SpecError
from deployments.providers.rendering import spec_document


def document(**changes):
    return spec_document(replace(GLM_5_2_FP8, **changes), "glm-5-2-fp8", 7)


def test_the_preset_carries_the_recipe_with_its_defects_repaired():
    found = document()
    assert found["gpu"] == "H200:8"
    assert found["idle_window_s"] == 900
    assert found["startup_timeout_s"] == 3600
    assert found["request_timeout_s"] == 86400
    assert found["max_inputs"] == 40  # 32 sequences + 8 for health and warm-up
    assert found["secrets"] == ["huggingface", "vllm-api-key"]
    assert found["volumes"] == {
        "/root/.cache/huggingface": "huggingface-cache",
        "/root/.cache/vllm": "vllm-cache",
        "/root/.cache/flashinfer": "flashinfer-cache",
    }
    assert found["argv"][:3] == ["vllm", "serve", "zai-org/GLM-5.2-FP8"]
    assert (found["slug"], found["release"]) == ("glm-5-2-fp8", 7)


def test_it_survives_json_unchanged():
    assert json.loads(json.dumps(document())) == document()


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({"gpu_count": 0, "gpu_type": "none"}, "gpu", None),
        ({"gpu_type": "H100", "gpu_count": 1}, "gpu", "H100:1"),
        ({"memory_gib": 96}, "memory_mib", 98304),
        ({"memory_gib": None}, "memory_mib", None),
        ({"cpu_cores": 8.0}, "cpu_cores", 8.0),
        ({"region": "us-east"}, "region", "us-east"),
    ],
)
def test_hardware_is_in_the_providers_units(changes, name, value):
    assert document(**changes)[name] == value


def test_the_download_has_the_model_its_revision_and_one_secret():
    plan = document(revision="abc123")["download"]
    assert plan["argv"] == ["hf", "download", "zai-org/GLM-5.2-FP8", "--revision", "abc123"]
    assert plan["secrets"] == ["huggingface"]


def test_a_spec_that_the_engine_refuses_names_its_field():
    with pytest.raises(SpecError) as caught:
        document(extra_flags=("--api-key", "sk-1"))
    assert caught.value.field == "extra_flags"

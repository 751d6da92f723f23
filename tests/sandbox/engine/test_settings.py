"""Flags and environment as one value; what the cloud relies on."""

from pathlib import Path

import pytest

from sandbox.engine.settings import KV_CACHE_TOKENS
from tests.sandbox.engine.making import make_settings, without


@pytest.mark.parametrize(
    ("host", "given", "bound"),
    [
        ("0.0.0.0", "18000", 18000),  # the cloud's port stands for the asked one
        ("::", "18000", 18000),
        ("127.0.0.1", "18000", 0),  # the cloud never finds it, as on Modal
        ("0.0.0.0", "", 8000),
        ("127.0.0.1", "", 8000),
    ],
)
def test_bound_port(host: str, given: str, bound: int) -> None:
    settings = make_settings("--host", host, environment={"SANDBOX_PORT": given})
    assert settings.bind_port == bound
    assert (settings.host, settings.port) == (host, 8000)


def test_key_comes_from_the_environment_or_the_flag() -> None:
    assert make_settings(environment={"VLLM_API_KEY": "from-env"}).api_keys == ("from-env",)
    assert make_settings("--api-key", "a", "b", environment={"VLLM_API_KEY": "c"}).api_keys == ("a", "b")
    assert make_settings().api_keys == ()


def test_key_is_not_in_the_repr() -> None:
    assert "from-env" not in repr(make_settings(environment={"VLLM_API_KEY": "from-env"}))


@pytest.mark.parametrize(
    ("model", "flags", "tokens"),
    [
        ("zai-org/GLM-5.2-FP8", [], 1_048_576),  # its own length, which does not fit
        ("zai-org/GLM-5.2-FP8", ["--max-model-len", "auto"], KV_CACHE_TOKENS),
        ("org/small", [], 32_768),
        ("org/small", ["--max-model-len", "4k"], 4000),
    ],
)
def test_context_length(model: str, flags: list[str], tokens: int) -> None:
    assert make_settings(argv=[model, *flags]).max_model_len == tokens


def test_streams_quicken_far_less_than_boots() -> None:
    # 45 tokens/s at life's speed, 45 x 20^0.25 = 95.2 at twenty times, never more than 45 x 3.
    assert make_settings().tokens_per_s == 45
    assert make_settings(environment={"SANDBOX_SPEED": "20"}).tokens_per_s == pytest.approx(95.2, abs=0.1)
    assert make_settings(environment={"SANDBOX_SPEED": "5000"}).tokens_per_s == 135


def test_hub_is_where_hugging_face_keeps_it() -> None:
    assert make_settings(environment={"HF_HOME": "/cache"}).hub == Path("/cache/hub")
    at_home = make_settings(environment={"HF_HOME": "", "HOME": "/home/x"}).hub
    assert at_home == Path("/home/x/.cache/huggingface/hub")


def test_prefix_caching_is_on_unless_turned_off() -> None:
    argv = without("--enable-prefix-caching")
    assert make_settings(argv=argv).prefix_caching
    assert not make_settings("--disable-prefix-caching", argv=argv).prefix_caching

"""Estimates beside what engines printed themselves."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.planning.memory.cache import token_bytes
from deployments.planning.memory.devices import DEVICES, GIB, device_of
from deployments.planning.memory.fit import Measured, Setting, estimate
from deployments.planning.memory.remedies import remedies
from deployments.planning.memory.shape import ConfigError, read_config
from deployments.planning.memory.weights import weights_of

from .shapes import GLM_5_2, SMALL_GLM, TINY_GLM4_MOE, TINY_LLAMA

H200 = DEVICES["H200"]
RECIPE = Setting(
    ranks=8, memory_share=0.92, max_model_len=131072, kv_cache_dtype="fp8", drafting=True, eager=True,
    checkpoint_gib=703.74,
)  # fmt: skip


def test_the_recipe_fits_as_was_measured_on_eight_h200() -> None:
    fit = estimate(read_config(GLM_5_2), RECIPE, H200)
    assert fit.weights_gib == pytest.approx(94.46, rel=0.03)
    assert fit.cache_gib == pytest.approx(25.94, rel=0.03)
    assert fit.cache_tokens == pytest.approx(516_000, rel=0.03)
    assert fit.requests == pytest.approx(3.9, rel=0.03)
    assert fit.fits
    assert fit.error == 0.03


def test_the_parts_are_the_whole_gpu() -> None:
    fit = estimate(read_config(GLM_5_2), replace(RECIPE, eager=False), H200)
    parts = fit.weights_gib + fit.reserve_gib + fit.graphs_gib + fit.cache_gib + fit.left_gib
    assert parts == pytest.approx(H200.memory_gib)


def test_counted_weights_are_the_checkpoint_that_the_engine_prints() -> None:
    counted = weights_of(read_config(GLM_5_2), drafting=True)
    assert counted.total / GIB == pytest.approx(703.74, rel=0.001)
    assert counted.per_rank(8) / GIB > 703.74 / 8, "what every rank holds whole is not divided"
    assert weights_of(read_config(TINY_LLAMA), drafting=False).total == pytest.approx(844_000, rel=0.03)


@pytest.mark.parametrize(
    ("config", "dtype", "gpu", "drafting", "cache_gib", "tokens"),
    [
        (TINY_LLAMA, None, "H200", False, 128.34, 269_153_376),
        (TINY_LLAMA, None, "", False, 1.0, 2_097_152),  # on a processor
        (TINY_GLM4_MOE, None, "", True, 1.0, 1_398_016),
        (SMALL_GLM, "fp8", "H200", True, 121.26, 25_429_760),
        (GLM_5_2, "fp8", "H200", False, 25.94, 516_000),
    ],
    ids=["llama", "llama-cpu", "moe-draft-cpu", "sparse-draft", "glm-5.2"],
)
def test_tokens_of_a_cache_are_those_that_engines_printed(
    config: dict[str, Any], dtype: str | None, gpu: str, drafting: bool, cache_gib: float, tokens: int
) -> None:
    # The small GLM has an indexer in 3 of its 6 layers and in its draft layer.
    shape = read_config(config)
    each = token_bytes(shape, ranks=1, kv_cache_dtype=dtype, gpu_type=gpu, drafting=drafting)
    assert cache_gib * GIB / each == pytest.approx(tokens, rel=0.001)


@pytest.mark.parametrize(
    ("dtype", "gpu", "bytes_without", "bytes_with"),
    [("fp8", "H200", 53_940, 54_728), ("fp8", "B200", 47_700, 48_408), (None, "H200", 92_628, 93_912)],
)
def test_a_token_of_glm_costs_what_is_published(
    dtype: str | None, gpu: str, bytes_without: int, bytes_with: int
) -> None:
    shape = read_config(GLM_5_2)
    for drafting, wanted in ((False, bytes_without), (True, bytes_with)):
        assert token_bytes(shape, ranks=8, kv_cache_dtype=dtype, gpu_type=gpu, drafting=drafting) == wanted


def test_a_million_tokens_do_not_fit_and_the_way_out_is_said() -> None:
    shape = read_config(GLM_5_2)
    wish = replace(RECIPE, max_model_len=1_048_576)
    fit = estimate(shape, wish, H200)
    assert not fit.fits
    found = {change.field: change.value for change in remedies(shape, wish, H200)}
    assert found == {"max_model_len": fit.longest // 1024 * 1024}
    assert estimate(shape, replace(wish, max_model_len=fit.longest // 1024 * 1024), H200).fits


def test_weights_beyond_the_gpu_ask_for_more_gpus() -> None:
    shape = read_config(GLM_5_2)
    wish = replace(RECIPE, ranks=4)
    fit = estimate(shape, wish, H200)
    assert fit.cache_gib < 0
    assert (fit.requests, fit.cache_tokens, fit.longest) == (0, 0, 0)
    assert [(change.field, change.value) for change in remedies(shape, wish, H200)] == [("gpu_count", 8)]


def test_what_fits_needs_no_remedy() -> None:
    assert list(remedies(read_config(GLM_5_2), RECIPE, H200)) == []


def test_what_an_engine_measured_counts_more_than_the_estimate() -> None:
    fit = estimate(read_config(GLM_5_2), RECIPE, H200, measured=Measured(90.0, 30.0))
    assert (fit.weights_gib, fit.cache_gib) == (90.0, 30.0)
    assert "own lines" in fit.basis


def test_grouped_heads_are_divided_but_never_below_one() -> None:
    shape = read_config(TINY_LLAMA)
    sizes = [token_bytes(shape, ranks=n, kv_cache_dtype=None, gpu_type="", drafting=False) for n in (1, 2, 4)]
    assert sizes == [512, 256, 256]


def test_layers_that_slide_keep_their_window_alone() -> None:
    types = ["full_attention", "sliding_attention"]
    config = TINY_LLAMA | {"sliding_window": 128, "layer_types": types, "max_position_embeddings": 4096}
    sliding = estimate(read_config(config), Setting(1, 0.9), H200)
    full = estimate(read_config(TINY_LLAMA | {"max_position_embeddings": 4096}), Setting(1, 0.9), H200)
    assert sliding.request_gib * GIB == 4096 * 256 + 128 * 256
    assert full.request_gib * GIB == 4096 * 512
    assert sliding.requests > full.requests


@given(st.integers(1, 20), st.integers(256, 1_000_000))
def test_the_longest_request_is_the_longest(gib: int, window: int) -> None:
    config = TINY_LLAMA | {"sliding_window": window, "layer_types": ["full_attention", "sliding_attention"]}
    shape, setting = read_config(config), Setting(1, 0.9)
    fit = estimate(shape, setting, H200, measured=Measured(1.0, float(gib) / 1000))
    for tokens, fits in ((fit.longest, True), (fit.longest + 1, False)):
        again = estimate(
            shape, replace(setting, max_model_len=tokens), H200, measured=Measured(1.0, float(gib) / 1000)
        )
        assert (again.requests >= 1) is fits


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"num_hidden_layers": None}, "num_hidden_layers"),
        ({"hidden_size": "many"}, "hidden_size"),
        ({"vocab_size": 0}, "vocab_size"),
        ({"sliding_window": -1}, "sliding_window"),
        ({"kv_lora_rank": 512}, "qk_rope_head_dim"),
        (
            {"index_n_heads": 32, "index_head_dim": 128, "index_skip_topk_offset": "x"},
            "index_skip_topk_offset",
        ),
    ],
)
def test_a_size_that_cannot_be_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_config(TINY_LLAMA | change)
    assert refused.value.field == field
    assert refused.value.message


def test_a_model_with_eyes_keeps_its_sizes_one_level_down() -> None:
    seeing = {"architectures": ["SomeVisionModel"], "text_config": TINY_LLAMA}
    assert replace(read_config(seeing), architecture="LlamaForCausalLM") == read_config(TINY_LLAMA)


@pytest.mark.parametrize(
    ("name", "found"), [("H200", "H200"), ("h100!", "H100"), ("A10G", "A10"), ("A100", "A100-40GB")]
)
def test_a_gpu_is_known_by_the_providers_names(name: str, found: str) -> None:
    device = device_of(name)
    assert device is not None
    assert device.name == found
    assert device_of("abacus") is None

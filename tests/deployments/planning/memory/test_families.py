"""Other families: sizes counted against what their publishers say, and configurations that cannot be."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.planning.memory.assumed import assumed
from deployments.planning.memory.cache import request_bytes, token_bytes
from deployments.planning.memory.devices import DEVICES, GIB
from deployments.planning.memory.fit import Setting, estimate
from deployments.planning.memory.quantization import FORMAT_BYTES, Quantization, read_quantization
from deployments.planning.memory.shape import ConfigError, read_config
from deployments.planning.memory.weights import weights_of

from .families import FAMILIES, config_of
from .shapes import GLM_5_2, TINY_LLAMA


@pytest.mark.parametrize("name", FAMILIES)
def test_counted_parameters_are_those_that_are_published(name: str) -> None:
    plain = replace(read_config(config_of(name)), quantization="bf16")
    counted = weights_of(plain, drafting=False).total / FORMAT_BYTES["bf16"] / 1e9
    assert counted == pytest.approx(FAMILIES[name][1], rel=0.003)


def test_a_checkpoint_whose_attention_stays_in_16_bits_is_counted_so() -> None:
    # 116.8 billion in MXFP4 but for attention and both ends: 60.8 GiB, as its card says.
    stored = weights_of(read_config(config_of("gpt-oss 120B")), drafting=False).total
    assert stored / GIB == pytest.approx(60.8, rel=0.005)


@pytest.mark.parametrize(
    ("name", "ranks", "dtype", "expected"),
    [
        ("Llama 3.1 8B", 1, None, 2 * 128 * 8 * 2 * 32),  # keys and values x width x heads x bytes x layers
        ("Llama 3.1 8B", 4, "fp8", 2 * 128 * 2 * 1 * 32),
        ("Qwen2.5 7B", 8, None, 2 * 128 * 1 * 2 * 28),  # four heads on eight GPUs: one each
        ("DeepSeek V3", 8, None, (512 + 64) * 2 * 61),  # latent: the same on every GPU
        ("gpt-oss 120B", 1, None, 2 * 64 * 8 * 2 * 18),  # the other 18 layers slide
        ("Mistral 7B", 1, None, 0),  # all slide
    ],
)
def test_a_token_costs_what_its_attention_keeps(
    name: str, ranks: int, dtype: str | None, expected: int
) -> None:
    shape = read_config(config_of(name))
    each = token_bytes(shape, ranks=ranks, kv_cache_dtype=dtype, gpu_type="H100", drafting=False)
    assert each == expected


def test_where_all_layers_slide_a_long_request_costs_its_window() -> None:
    shape = read_config(config_of("Mistral 7B"))
    layer = 2 * 128 * 8 * 2
    costs = [request_bytes(shape, n, per_token=0, per_layer=layer) for n in (1000, 4096, 32768)]
    assert costs == [1000 * 32 * layer, 4096 * 32 * layer, 4096 * 32 * layer]


@pytest.mark.parametrize(
    ("more", "sliding", "stateful"),
    [
        ({"sliding_window": 64}, 2, 0),
        ({"sliding_window": 64, "use_sliding_window": False}, 0, 0),
        ({"sliding_window": 64, "max_window_layers": 1}, 1, 0),
        ({"architectures": ["Gemma2ForCausalLM"], "sliding_window": 64}, 1, 0),
        ({"layer_types": ["linear_attention", "full_attention"]}, 0, 1),
        ({"layer_types": ["chunked_attention", "full_attention"], "attention_chunk_size": 64}, 1, 0),
        ({"full_attention_interval": 2}, 0, 1),
    ],
)
def test_layers_that_keep_little_are_told_from_those_that_keep_all(
    more: dict[str, Any], sliding: int, stateful: int
) -> None:
    shape = read_config(TINY_LLAMA | more)
    assert (shape.sliding_layers, shape.stateful_layers) == (sliding, stateful)


def test_experts_may_be_in_some_layers_only() -> None:
    config = config_of("Qwen3 30B-A3B")
    found = [
        read_config(config | more).experts
        for more in ({"decoder_sparse_step": 2}, {"mlp_only_layers": [0, 5]}, {"n_shared_experts": 2})
    ]
    assert [(one.dense_layers, one.shared_width) for one in found if one] == [(24, 0), (2, 0), (0, 1536)]


def groups(**weights: Any) -> dict[str, Any]:
    return {"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": weights}}}


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ({"quant_method": "fp8"}, "fp8"),
        ({"quant_method": "awq", "bits": 4}, "int4"),
        ({"quant_method": "gptq", "bits": 8}, "int8"),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "nvfp4"),
        ({"quant_method": "modelopt", "quant_algo": "FP8"}, "fp8"),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, "int4"),
        (groups(num_bits=8, type="float"), "fp8"),
        (groups(num_bits=8, type="int"), "int8"),
        (groups(num_bits=4, type="int"), "int4"),
        (groups(num_bits=4, type="float", group_size=16), "nvfp4"),
        (groups(num_bits=4, type="float", group_size=32), "mxfp4"),
    ],
)
def test_the_format_is_read_from_the_checkpoint(stored: dict[str, Any], expected: str) -> None:
    assert read_quantization({"quantization_config": stored}, 2) == Quantization(expected)


@pytest.mark.parametrize("stored", [{"quant_method": "mystery"}, groups(num_bits=3), {}])
def test_a_format_that_is_not_known_counts_as_the_most_and_is_said(stored: dict[str, Any]) -> None:
    config = TINY_LLAMA | {"quantization_config": stored}
    assert read_config(config).quantization == "bf16"
    assert any("counted in 16 bits" in one for one in assumed(config))


@pytest.mark.parametrize(
    ("left", "plain"),
    [
        (["lm_head"], False),
        (["re:.*self_attn.*"], True),
        (["model.layers.0.self_attn.o_proj"], True),  # one of two layers: half
        (["model.layers.0.self_attn.indexer.weights_proj"], False),
        (["model.layers.*.self_attn", "lm_head"], True),
    ],
)
def test_attention_that_was_left_alone_is_seen(left: list[str], plain: bool) -> None:
    stored = {"quantization_config": {"quant_method": "fp8", "ignore": left}}
    assert read_config(TINY_LLAMA | stored).plain_attention is plain


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (GLM_5_2, "compared with what an engine printed"),
        (config_of("Mixtral 8x7B"), "published number of parameters"),
        (TINY_LLAMA | {"architectures": ["SomethingNewForCausalLM"]}, "is not known here: it is counted as"),
        (TINY_LLAMA | {"architectures": []}, "A model without a name is not known here"),
        (TINY_LLAMA | {"vision_config": {"depth": 2}}, "weights for that are not counted"),
        (TINY_LLAMA | {"full_attention_interval": 2}, "keep a state instead of tokens"),
        (TINY_LLAMA | {"sliding_window": 64}, "keep the last 64 tokens alone"),
    ],
)
def test_what_is_assumed_is_said(config: dict[str, Any], words: str) -> None:
    assert any(words in one for one in assumed(config))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"num_hidden_layers": 2**40}, "num_hidden_layers"),
        ({"num_attention_heads": True}, "num_attention_heads"),
        ({"layer_types": ["full_attention"]}, "layer_types"),
        ({"layer_types": "full"}, "layer_types"),
        ({"layer_types": ["linear_attention"] * 2}, "layer_types"),
        ({"full_attention_interval": 9}, "layer_types"),
        ({"architectures": "Llama"}, "architectures"),
        ({"n_routed_experts": 2**30}, "n_routed_experts"),
        ({"quantization_config": {"quant_method": "fp8", "ignore": [1]}}, "ignore"),
    ],
)
def test_what_no_model_has_is_refused_by_its_name(change: dict[str, Any], field: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_config(TINY_LLAMA | change)
    assert refused.value.field == field


NAMES = (
    "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "hidden_size", "head_dim",
    "num_experts", "sliding_window", "layer_types", "decoder_sparse_step", "mlp_only_layers", "kv_lora_rank",
    "index_n_heads", "quantization_config", "text_config", "architectures", "full_attention_interval",
    "max_window_layers", "first_k_dense_replace",
)  # fmt: skip
VALUES = (
    -1, 0, 1, 3, 7, 64, 2**31, None, True, 1.5, float("inf"), "x", [], [1], ["mamba"] * 64, {},
    {"ignore": "x"}, ["sliding_attention"] * 99,
    {"quant_method": "compressed-tensors", "config_groups": {"a": 1}},
)  # fmt: skip


@given(
    st.sampled_from(sorted(FAMILIES)),
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES), max_size=4),
)
def test_any_config_is_counted_or_refused_by_name(name: str, change: dict[str, Any]) -> None:
    with suppress(ConfigError):
        shape = read_config(config_of(name) | change)
        fit = estimate(shape, Setting(1, 0.9), DEVICES["H200"])
        assert fit.weights_gib > 0
        assert fit.requests >= 0
        assert assumed(config_of(name) | change)

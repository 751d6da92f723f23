"""Models whose sizes the panel knows without their `config.json`."""

from typing import Any

from .shape import Shape, read_config

# GLM-5.2 as published; counted with it, the FP8 weights come to the 703.74 GiB that vLLM prints.
_GLM_5_2: dict[str, Any] = {
    "architectures": ["GlmMoeDsaForCausalLM"],
    "vocab_size": 154880,
    "hidden_size": 6144,
    "intermediate_size": 12288,
    "moe_intermediate_size": 2048,
    "num_hidden_layers": 78,
    "num_attention_heads": 64,
    "num_key_value_heads": 64,
    "n_shared_experts": 1,
    "n_routed_experts": 256,
    "kv_lora_rank": 512,
    "q_lora_rank": 2048,
    "qk_rope_head_dim": 64,
    "v_head_dim": 256,
    "qk_nope_head_dim": 192,
    "first_k_dense_replace": 3,
    "index_head_dim": 128,
    "index_n_heads": 32,
    "index_topk_freq": 4,
    "index_skip_topk_offset": 3,
    "num_nextn_predict_layers": 1,
    "max_position_embeddings": 1048576,
}
_CONFIGS: dict[str, dict[str, Any]] = {
    "zai-org/GLM-5.2": _GLM_5_2,
    "zai-org/GLM-5.2-FP8": _GLM_5_2 | {"quantization_config": {"quant_method": "fp8"}},
}


def shape_of(model: str) -> Shape | None:
    """The sizes of a model by its name at the hub; None for one that has to bring its configuration."""
    config = _CONFIGS.get(model)
    return read_config(config) if config is not None else None


# The same model as its publisher stores it in other formats.
_STORED_AS = ({"bf16": "zai-org/GLM-5.2", "fp8": "zai-org/GLM-5.2-FP8"},)


def same_model_as(model: str, format_key: str) -> str | None:
    """The name of the same model's checkpoint in another format; None where none is known here."""
    return next((names.get(format_key) for names in _STORED_AS if model in names.values()), None)

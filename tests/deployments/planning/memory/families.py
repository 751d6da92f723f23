"""Sizes of well-known models as their publishers give them, with the number of parameters they publish."""

from typing import Any

QWEN3 = {"head_dim": 128, "max_position_embeddings": 40960, "vocab_size": 151936}
# architecture, published billions of parameters, sizes
FAMILIES: dict[str, tuple[str, float, dict[str, Any]]] = {
    "Llama 3.1 8B": ("LlamaForCausalLM", 8.03, {
        "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 8, "vocab_size": 128256, "max_position_embeddings": 131072,
        "tie_word_embeddings": False,
    }),
    "Qwen2.5 7B": ("Qwen2ForCausalLM", 7.62, {
        "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28, "num_attention_heads": 28,
        "num_key_value_heads": 4, "vocab_size": 152064, "max_position_embeddings": 32768,
        "sliding_window": 131072, "max_window_layers": 28, "use_sliding_window": False,
    }),
    "Qwen3 8B": ("Qwen3ForCausalLM", 8.19, QWEN3 | {
        "hidden_size": 4096, "intermediate_size": 12288, "num_hidden_layers": 36, "num_attention_heads": 32,
        "num_key_value_heads": 8,
    }),
    "Qwen3 0.6B": ("Qwen3ForCausalLM", 0.596, QWEN3 | {
        "hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 28, "num_attention_heads": 16,
        "num_key_value_heads": 8, "tie_word_embeddings": True,
    }),
    "Qwen3 30B-A3B": ("Qwen3MoeForCausalLM", 30.5, QWEN3 | {
        "hidden_size": 2048, "intermediate_size": 6144, "moe_intermediate_size": 768, "num_experts": 128,
        "num_hidden_layers": 48, "num_attention_heads": 32, "num_key_value_heads": 4,
        "decoder_sparse_step": 1, "mlp_only_layers": [],
    }),
    "Qwen3 235B-A22B": ("Qwen3MoeForCausalLM", 235.0, QWEN3 | {
        "hidden_size": 4096, "intermediate_size": 12288, "moe_intermediate_size": 1536, "num_experts": 128,
        "num_hidden_layers": 94, "num_attention_heads": 64, "num_key_value_heads": 4,
        "decoder_sparse_step": 1, "mlp_only_layers": [],
    }),
    "Mistral 7B": ("MistralForCausalLM", 7.24, {
        "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 8, "vocab_size": 32000, "max_position_embeddings": 32768,
        "sliding_window": 4096,
    }),
    "Mixtral 8x7B": ("MixtralForCausalLM", 46.7, {
        "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 8, "vocab_size": 32000, "max_position_embeddings": 32768,
        "num_local_experts": 8,
    }),
    "DeepSeek V3": ("DeepseekV3ForCausalLM", 671.0, {
        "hidden_size": 7168, "intermediate_size": 18432, "moe_intermediate_size": 2048,
        "num_hidden_layers": 61, "num_attention_heads": 128, "num_key_value_heads": 128,
        "n_routed_experts": 256, "n_shared_experts": 1, "first_k_dense_replace": 3, "kv_lora_rank": 512,
        "q_lora_rank": 1536, "qk_rope_head_dim": 64, "qk_nope_head_dim": 128, "v_head_dim": 128,
        "vocab_size": 129280, "max_position_embeddings": 163840, "num_nextn_predict_layers": 1,
    }),
    "Gemma 2 9B": ("Gemma2ForCausalLM", 9.24, {
        "hidden_size": 3584, "intermediate_size": 14336, "num_hidden_layers": 42, "num_attention_heads": 16,
        "num_key_value_heads": 8, "head_dim": 256, "vocab_size": 256000, "max_position_embeddings": 8192,
        "sliding_window": 4096,
    }),
    "gpt-oss 120B": ("GptOssForCausalLM", 116.8, {
        "hidden_size": 2880, "intermediate_size": 2880, "num_hidden_layers": 36, "num_attention_heads": 64,
        "num_key_value_heads": 8, "head_dim": 64, "num_local_experts": 128, "vocab_size": 201088,
        "max_position_embeddings": 131072, "sliding_window": 128,
        "layer_types": ["sliding_attention", "full_attention"] * 18,
        "quantization_config": {
            "quant_method": "mxfp4",
            "modules_to_not_convert": ["model.layers.*.self_attn", "model.layers.*.mlp.router", "lm_head"],
        },
    }),
}  # fmt: skip


def config_of(name: str) -> dict[str, Any]:
    """The configuration of one of them."""
    architecture, _, sizes = FAMILIES[name]
    return {"architectures": [architecture], **sizes}

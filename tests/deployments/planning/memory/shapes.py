"""Configurations of real models, as their publishers give them, and of the tiny ones that were recorded."""

from typing import Any

# zai-org/GLM-5.2-FP8.
GLM_5_2: dict[str, Any] = {
    "architectures": ["GlmMoeDsaForCausalLM"], "vocab_size": 154880, "hidden_size": 6144,
    "intermediate_size": 12288, "moe_intermediate_size": 2048, "num_hidden_layers": 78,
    "num_attention_heads": 64, "num_key_value_heads": 64, "n_shared_experts": 1, "n_routed_experts": 256,
    "kv_lora_rank": 512, "q_lora_rank": 2048, "qk_rope_head_dim": 64, "v_head_dim": 256,
    "qk_nope_head_dim": 192, "first_k_dense_replace": 3, "index_head_dim": 128, "index_n_heads": 32,
    "index_topk_freq": 4, "index_skip_topk_offset": 3, "num_nextn_predict_layers": 1,
    "max_position_embeddings": 1048576, "quantization_config": {"quant_method": "fp8"},
}  # fmt: skip
# The trained model of the recordings: 844 KB of weights.
TINY_LLAMA: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"], "vocab_size": 512, "hidden_size": 128, "intermediate_size": 256,
    "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32,
    "max_position_embeddings": 2048, "tie_word_embeddings": False,
}  # fmt: skip
TINY_GLM4_MOE: dict[str, Any] = TINY_LLAMA | {
    "architectures": ["Glm4MoeForCausalLM"], "moe_intermediate_size": 64, "n_routed_experts": 4,
    "n_shared_experts": 1, "first_k_dense_replace": 1, "num_nextn_predict_layers": 1,
}  # fmt: skip
# The GLM of the recordings on an H200: real attention and indexer sizes, six layers and a draft layer.
SMALL_GLM: dict[str, Any] = GLM_5_2 | {"num_hidden_layers": 6, "hidden_size": 2048}

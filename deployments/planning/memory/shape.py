"""The sizes of a model, read from its `config.json`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .attention import read_layer_kinds
from .quantization import PLAIN, read_quantization
from .sizes import ConfigError, count, shown, size, texts

__all__ = ["ConfigError", "Experts", "Indexer", "Latent", "Shape", "read_config"]


@dataclass(frozen=True, slots=True)
class Latent:
    """Multi-head latent attention: one compressed row per token for all heads, the same on every rank."""

    kv_rank: int
    rope: int
    q_rank: int
    nope: int
    value: int


@dataclass(frozen=True, slots=True)
class Experts:
    """A mixture of experts; `dense_layers` have none. `shared_width` is that of all shared ones together."""

    count: int
    width: int
    shared_width: int
    dense_layers: int


@dataclass(frozen=True, slots=True)
class Indexer:
    """The small attention that chooses tokens for sparse attention, in some of the layers."""

    heads: int
    head_dim: int
    layers: int


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes in elements. `sliding_layers` of `layers` see only the last `window` tokens, `stateful_layers`
    keep none. `quantization` is a key of FORMAT_BYTES; attention may be left in 16 bits."""

    architecture: str
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    width: int
    vocabulary: int
    longest_context: int
    tied: bool = False
    draft_layers: int = 0
    sliding_layers: int = 0
    window: int = 0
    stateful_layers: int = 0
    latent: Latent | None = None
    experts: Experts | None = None
    indexer: Indexer | None = None
    quantization: str = PLAIN
    plain_attention: bool = False


def read_config(config: Mapping[str, Any]) -> Shape:
    """The shape of a parsed `config.json`. Raises ConfigError naming the first size that is missing or wrong.

    A multimodal model keeps its language model under `text_config`: that one is read.
    """
    text, architecture = language_model(config), architecture_of(config)
    layers, heads = size(text, "num_hidden_layers"), size(text, "num_attention_heads")
    hidden = size(text, "hidden_size")
    kinds = read_layer_kinds(text, layers, architecture)
    stored = read_quantization(text, layers)
    return Shape(
        architecture=architecture,
        layers=layers,
        hidden=hidden,
        heads=heads,
        kv_heads=size(text, "num_key_value_heads", heads),
        head_dim=size(text, "head_dim", max(hidden // heads, 1)),
        width=size(text, "intermediate_size_mlp", size(text, "intermediate_size", 4 * hidden)),
        vocabulary=size(text, "vocab_size"),
        longest_context=size(text, "max_position_embeddings"),
        tied=_tied(text, architecture),
        draft_layers=count(text, "num_nextn_predict_layers"),
        sliding_layers=kinds.sliding,
        window=kinds.window,
        stateful_layers=kinds.stateful,
        latent=_latent(text),
        experts=_experts(text, layers),
        indexer=_indexer(text, layers),
        quantization=stored.format,
        plain_attention=not stored.attention,
    )


def language_model(config: Mapping[str, Any]) -> dict[str, Any]:
    """The sizes of the part that reads and writes text."""
    inner = config.get("text_config")
    return {**config, **inner} if isinstance(inner, Mapping) else dict(config)


def architecture_of(config: Mapping[str, Any]) -> str:
    """The name of the model's class; empty where none is given. Raises ConfigError."""
    names = texts(config, "architectures")
    return names[0][:120] if names else ""


def _tied(config: Mapping[str, Any], architecture: str) -> bool:
    """Whether the words going in and coming out share one matrix; Gemma's configurations leave it out."""
    return bool(config.get("tie_word_embeddings", architecture.startswith(("Gemma", "Cohere"))))


def _latent(config: Mapping[str, Any]) -> Latent | None:
    if not config.get("kv_lora_rank"):
        return None
    return Latent(
        kv_rank=size(config, "kv_lora_rank"),
        rope=size(config, "qk_rope_head_dim"),
        q_rank=count(config, "q_lora_rank"),
        nope=size(config, "qk_nope_head_dim"),
        value=size(config, "v_head_dim"),
    )


def _experts(config: Mapping[str, Any], layers: int) -> Experts | None:
    name = next((n for n in ("n_routed_experts", "num_experts", "num_local_experts") if config.get(n)), "")
    if not name:
        return None
    width = size(config, "moe_intermediate_size", size(config, "intermediate_size", 1))
    shared = count(config, "n_shared_experts") * width
    return Experts(
        count=size(config, name),
        width=width,
        shared_width=shared or count(config, "shared_expert_intermediate_size"),
        dense_layers=min(_dense_layers(config, layers), layers),
    )


def _dense_layers(config: Mapping[str, Any], layers: int) -> int:
    """The first ones, those that a list names, or all but every n-th."""
    step = count(config, "decoder_sparse_step") or count(config, "interleave_moe_layer_step") or 1
    listed = config.get("mlp_only_layers")
    named = len(listed) if isinstance(listed, list) else 0
    return count(config, "first_k_dense_replace") + named + layers - layers // step


def _indexer(config: Mapping[str, Any], layers: int) -> Indexer | None:
    if not config.get("index_n_heads"):
        return None
    return Indexer(
        size(config, "index_n_heads"), size(config, "index_head_dim"), _indexing_layers(config, layers)
    )


def _indexing_layers(config: Mapping[str, Any], layers: int) -> int:
    """How many layers choose tokens themselves; the others reuse the choice of the layer before.

    The rule, with its defaults 1 and 2, is that of vLLM 0.32 (`deepseek_v2.py`) and of transformers'
    `GlmMoeDsaConfig`; GLM-5.2 publishes a frequency of 4 and an offset of 3: 21 of its 78 layers.
    """
    told = config.get("indexer_types") or config.get("index_topk_pattern")
    if isinstance(told, (list, str)):
        return sum(1 for each in told if each in ("full", "F"))
    frequency = count(config, "index_topk_freq") or 1
    offset = config.get("index_skip_topk_offset", 2)
    if isinstance(offset, bool) or not isinstance(offset, int):
        raise ConfigError("index_skip_topk_offset", f"is {shown(offset)}; it has to be a whole number.")
    return sum(1 for layer in range(layers) if max(layer - offset + 1, 0) % frequency == 0)

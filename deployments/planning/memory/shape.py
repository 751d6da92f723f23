"""The sizes of a model, read from its `config.json`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class ConfigError(ValueError):
    """A model's configuration lacks a size, or has one that cannot be. `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


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
    """A mixture of experts; the first `dense_layers` layers have none."""

    count: int
    width: int
    shared: int
    dense_layers: int


@dataclass(frozen=True, slots=True)
class Indexer:
    """The small attention that chooses tokens for sparse attention, in some of the layers."""

    heads: int
    head_dim: int
    layers: int


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes in elements. `sliding_layers` of `layers` see only the last `window` tokens."""

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
    latent: Latent | None = None
    experts: Experts | None = None
    indexer: Indexer | None = None
    quantization: str = ""


def read_config(config: Mapping[str, Any]) -> Shape:
    """The shape of a parsed `config.json`. Raises ConfigError naming the first size that is missing or wrong.

    A multimodal model keeps its language model under `text_config`: that one is read.
    """
    inner = config.get("text_config")
    text = {**config, **inner} if isinstance(inner, Mapping) else dict(config)
    layers, heads = _size(text, "num_hidden_layers"), _size(text, "num_attention_heads")
    hidden = _size(text, "hidden_size")
    sliding, window = _sliding(text, layers)
    return Shape(
        architecture=_architecture(config),
        layers=layers,
        hidden=hidden,
        heads=heads,
        kv_heads=_size(text, "num_key_value_heads", heads),
        head_dim=_size(text, "head_dim", max(hidden // heads, 1)),
        width=_size(text, "intermediate_size", 4 * hidden),
        vocabulary=_size(text, "vocab_size"),
        longest_context=_size(text, "max_position_embeddings"),
        tied=bool(text.get("tie_word_embeddings", False)),
        draft_layers=_count(text, "num_nextn_predict_layers"),
        sliding_layers=sliding,
        window=window,
        latent=_latent(text),
        experts=_experts(text),
        indexer=_indexer(text, layers),
        quantization=_quantization(config),
    )


def _architecture(config: Mapping[str, Any]) -> str:
    names = config.get("architectures")
    return str(names[0]) if isinstance(names, list) and names else ""


def _size(config: Mapping[str, Any], name: str, default: int | None = None) -> int:
    value = config.get(name)
    if value is None and default is not None:
        return default
    if value is None:
        raise ConfigError(name, "is missing; take the config.json that lies beside the weights.")
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**40:
        raise ConfigError(name, f"is {value!r}; it has to be a whole number above 0.")
    return value


def _count(config: Mapping[str, Any], name: str) -> int:
    value = config.get(name) or 0
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**20:
        raise ConfigError(name, f"is {value!r}; it has to be a whole number.")
    return value


def _sliding(config: Mapping[str, Any], layers: int) -> tuple[int, int]:
    """How many layers slide. `layer_types` tells it layer by layer; without it every layer does or none."""
    window = _count(config, "sliding_window")
    if not window or config.get("use_sliding_window") is False:
        return 0, 0
    types = config.get("layer_types")
    if isinstance(types, list):
        return sum(1 for each in types if each == "sliding_attention"), window
    pattern = _count(config, "sliding_window_pattern")  # every n-th layer sees everything
    return (layers - layers // pattern if pattern else layers), window


def _latent(config: Mapping[str, Any]) -> Latent | None:
    if not config.get("kv_lora_rank"):
        return None
    return Latent(
        kv_rank=_size(config, "kv_lora_rank"),
        rope=_size(config, "qk_rope_head_dim"),
        q_rank=_count(config, "q_lora_rank"),
        nope=_size(config, "qk_nope_head_dim"),
        value=_size(config, "v_head_dim"),
    )


def _experts(config: Mapping[str, Any]) -> Experts | None:
    name = next((n for n in ("n_routed_experts", "num_experts", "num_local_experts") if config.get(n)), "")
    if not name:
        return None
    return Experts(
        count=_size(config, name),
        width=_size(config, "moe_intermediate_size", _size(config, "intermediate_size")),
        shared=_count(config, "n_shared_experts"),
        dense_layers=_count(config, "first_k_dense_replace"),
    )


def _indexer(config: Mapping[str, Any], layers: int) -> Indexer | None:
    if not config.get("index_n_heads"):
        return None
    return Indexer(
        _size(config, "index_n_heads"), _size(config, "index_head_dim"), _indexing_layers(config, layers)
    )


def _indexing_layers(config: Mapping[str, Any], layers: int) -> int:
    """How many layers choose tokens themselves; the others reuse the choice of the layer before.

    The rule, with its defaults 1 and 2, is that of vLLM 0.32 (`deepseek_v2.py`) and of transformers'
    `GlmMoeDsaConfig`; GLM-5.2 publishes a frequency of 4 and an offset of 3: 21 of its 78 layers.
    """
    told = config.get("indexer_types") or config.get("index_topk_pattern")
    if isinstance(told, (list, str)):
        return sum(1 for each in told if each in ("full", "F"))
    frequency = _count(config, "index_topk_freq") or 1
    offset = config.get("index_skip_topk_offset", 2)
    if isinstance(offset, bool) or not isinstance(offset, int):
        raise ConfigError("index_skip_topk_offset", f"is {offset!r}; it has to be a whole number.")
    return sum(1 for layer in range(layers) if max(layer - offset + 1, 0) % frequency == 0)


def _quantization(config: Mapping[str, Any]) -> str:
    found = config.get("quantization_config")
    return str(found.get("quant_method", "")) if isinstance(found, Mapping) else ""

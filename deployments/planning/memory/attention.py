"""Which layers keep every token, which only the last ones, and which none."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .sizes import ConfigError, count, texts

_SLIDING = frozenset({"sliding_attention", "chunked_attention", "local_attention"})
_STATEFUL = frozenset({"linear_attention", "mamba", "mamba2", "recurrent", "conv"})
# Families whose older configurations leave out how layers alternate: every n-th one sees everything.
_PATTERNS = {
    "Gemma2ForCausalLM": 2, "Gemma3ForCausalLM": 6, "Gemma3ForConditionalGeneration": 6,
    "Cohere2ForCausalLM": 4,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LayerKinds:
    """`sliding` layers see the last `window` tokens; `stateful` ones keep one state and no tokens."""

    sliding: int = 0
    window: int = 0
    stateful: int = 0


def read_layer_kinds(config: Mapping[str, Any], layers: int, architecture: str) -> LayerKinds:
    """The kinds of the layers. Raises ConfigError where the list of them is shorter than the model, or where
    none keeps tokens: the cache of such a model is not counted in tokens."""
    found = _kinds(config, layers, architecture)
    if found.stateful >= layers:
        raise ConfigError("layer_types", "leaves no layer that keeps tokens; such a model is not counted.")
    return found


def _kinds(config: Mapping[str, Any], layers: int, architecture: str) -> LayerKinds:
    window = count(config, "sliding_window")
    if config.get("use_sliding_window") is False:
        window = 0
    types = texts(config, "layer_types")
    if types and len(types) < layers:
        raise ConfigError("layer_types", f"names {len(types)} layers of {layers}.")
    if types:
        return _told(types[:layers], window or count(config, "attention_chunk_size"))
    interval = count(config, "full_attention_interval")
    if interval:
        return LayerKinds(stateful=layers - layers // interval)
    if not window:
        return LayerKinds()
    # Every n-th layer sees everything; a family that says nothing slides in all of them.
    pattern = count(config, "sliding_window_pattern") or _PATTERNS.get(architecture, 0)
    below = min(count(config, "max_window_layers"), layers)  # these see everything
    return LayerKinds(layers - (layers // pattern if pattern else below), window)


def _told(types: list[str], window: int) -> LayerKinds:
    sliding = sum(1 for each in types if each in _SLIDING) if window else 0
    return LayerKinds(sliding, window if sliding else 0, sum(1 for each in types if each in _STATEFUL))

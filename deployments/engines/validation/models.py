"""What has to be known of a model to judge a configuration: attention heads and the longest context."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Attention heads, and the longest context in tokens; None where it is not known."""

    heads: int | None = None
    context_tokens: int | None = None


# GLM-5.2: 64 heads, up to 1,048,576 tokens, as its config.json says.
_KNOWN: Mapping[str, ModelFacts] = {
    "zai-org/glm-5.2-fp8": ModelFacts(heads=64, context_tokens=1_048_576),
    "zai-org/glm-5.2": ModelFacts(heads=64, context_tokens=1_048_576),
}


def known_model(name: str) -> ModelFacts:
    """The facts of a model of the table; empty ones for any other."""
    return _KNOWN.get(name.lower(), ModelFacts())


def facts_of_config(config: Mapping[str, Any]) -> ModelFacts:
    """The facts of a model's own config.json; models that also see pictures keep them under text_config."""
    inner = config.get("text_config")
    text = inner if isinstance(inner, Mapping) else config
    return ModelFacts(_whole(text.get("num_attention_heads")), _whole(text.get("max_position_embeddings")))


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None

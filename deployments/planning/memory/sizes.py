"""Reading single sizes of a model's `config.json`, each within what a model can have."""

from collections.abc import Mapping
from typing import Any


class ConfigError(ValueError):
    """A model's configuration lacks a size, or has one that cannot be. `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


# Far above what any model has; what is larger is a slip of the hand, or meant to keep the panel busy.
LARGEST = {
    "num_hidden_layers": 4096,
    "num_attention_heads": 65536,
    "max_position_embeddings": 2**31,
}
LARGEST_SIZE, LARGEST_COUNT = 2**28, 2**20


def size(config: Mapping[str, Any], name: str, default: int | None = None) -> int:
    """A size above 0; `default` where it is not given. Raises ConfigError."""
    value = config.get(name)
    if value is None and default is not None:
        return default
    if value is None:
        raise ConfigError(name, "is missing; take the config.json that lies beside the weights.")
    most = LARGEST.get(name, LARGEST_SIZE)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= most:
        raise ConfigError(name, f"is {shown(value)}; it has to be a whole number from 1 to {most:,}.")
    return value


def count(config: Mapping[str, Any], name: str) -> int:
    """A number that may be 0 or missing. Raises ConfigError."""
    value = config.get(name) or 0
    most = LARGEST.get(name, LARGEST_COUNT)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ConfigError(name, f"is {shown(value)}; it has to be a whole number from 0 to {most:,}.")
    return value


def texts(config: Mapping[str, Any], name: str) -> list[str]:
    """A list of words, empty where there is none. Raises ConfigError."""
    value = config.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ConfigError(name, f"is {shown(value)}; it has to be a list of words.")
    return value


def shown(value: Any) -> str:
    """A value as it is quoted in an error: short."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."

"""What a value of a spec may be: kinds and bounds, with errors that name the field and the remedy."""

import math
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any


class SpecError(ValueError):
    """A value of a spec is missing or wrong. `field` names it, the message names the remedy."""

    def __init__(self, field_name: str, message: str) -> None:
        super().__init__(f"{field_name}: {message}")
        self.field = field_name
        self.message = message


# The name of a variable that holds a secret.
_SECRET = re.compile(r"(?i)(^|_)(api_?key|key|token|secret|password|passwd|credentials?)$")

# NUL, and halves of a letter.
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_DEEPEST = 20

_TEXTS = ("app_name", "model", "served_name", "gpu_type", "engine", "engine_version")
_OPTIONAL_TEXTS = (
    "revision",
    "region",
    "kv_cache_dtype",
    "tool_call_parser",
    "reasoning_parser",
    "load_strategy",
)
_SWITCHES = ("eager", "trust_remote_code", "gpu_snapshot")
_OPTIONAL_NUMBERS = frozenset({"max_model_len", "checkpoint_gib", "cpu_cores", "memory_gib"})
# Modal 1.6.4 takes scaledown windows of 2 to 3600 s and requests of up to 24 h.
_WHOLE: dict[str, tuple[int, int]] = {
    "gpu_count": (0, 8),
    "max_model_len": (1, 10_485_760),
    "max_num_seqs": (1, 4096),
    "idle_window_s": (2, 3600),
    "startup_timeout_s": (60, 86400),
    "request_timeout_s": (60, 86400),
    "max_inputs": (1, 1000),
    "drain_limit_s": (0, 3600),
}
_NUMBERS: dict[str, tuple[float, float]] = {
    "checkpoint_gib": (0, 100_000),
    "cpu_cores": (0.125, 128),
    "memory_gib": (0.125, 2048),
    "expected_cpu_cores": (0.125, 128),
    "expected_memory_gib": (0.125, 2048),
    "expected_boot_s": (1, 86400),
    "expected_download_s": (1, 86400),
}
# The least and the most of every number of a spec, both allowed.
BOUNDS: dict[str, tuple[float, float]] = {**_WHOLE, **_NUMBERS}


def check_values(values: Mapping[str, Any]) -> None:
    """Raise SpecError for the first value that the provider or the engine would refuse outright."""
    for name in _TEXTS:
        if not isinstance(values[name], str) or not values[name].strip():
            raise SpecError(name, "is empty; give it a value.")
    for name in _OPTIONAL_TEXTS:
        if values[name] is not None and not isinstance(values[name], str):
            raise SpecError(name, f"is {values[name]!r}; give a text, or leave it empty.")
    for name in _SWITCHES:
        if not isinstance(values[name], bool):
            raise SpecError(name, f"is {values[name]!r}; choose true or false.")
    for name, bounds in _WHOLE.items():
        _number(name, values[name], *bounds, whole=True)
    for name, limits in _NUMBERS.items():
        _number(name, values[name], *limits, whole=False)
    _share("gpu_memory_utilization", values["gpu_memory_utilization"])


def _number(name: str, value: Any, low: float, high: float, *, whole: bool) -> None:
    if value is None and name in _OPTIONAL_NUMBERS:
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise SpecError(name, f"is {value!r}; give a number.")
    if whole and not isinstance(value, int):
        raise SpecError(name, f"is {value}; give a whole number.")
    if not low <= value <= high:  # NaN is not either
        raise SpecError(name, f"is {value}; choose {low} to {high}.")


def _share(name: str, value: Any) -> None:
    try:
        share = Decimal(value) if isinstance(value, str) else Decimal("NaN")
    except InvalidOperation:
        share = Decimal("NaN")
    if not share.is_finite() or not 0 < share <= 1:
        raise SpecError(name, f"is {value!r}; give a share as text, for example 0.92.")


def check_storable(name: str, value: Any, depth: int = 0) -> None:
    """Raise SpecError for what no database keeps as JSON, or only one of two: numbers that are none, letters
    that are none, and objects in objects without end."""
    if depth > _DEEPEST:
        raise SpecError(name, f"is nested more than {_DEEPEST} deep; write it flatter.")
    if isinstance(value, float) and not math.isfinite(value):
        raise SpecError(name, f"holds {value}; give a finite number.")
    if isinstance(value, str) and _UNSTORABLE.search(value):
        raise SpecError(name, "holds a letter that cannot be stored; type the text anew.")
    if isinstance(value, Mapping):
        for key, inner in value.items():
            check_storable(name, key, depth)
            check_storable(name, inner, depth + 1)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            check_storable(name, inner, depth + 1)


def texts(name: str, value: Any) -> tuple[str, ...]:
    """A list of texts as a tuple. A bare text is refused: it would be taken apart into letters."""
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise SpecError(name, "is not a list of texts; write each one on its own.")


def pairs(name: str, value: Any) -> dict[str, str]:
    """Names with texts. The values are not repeated in the error: they could be secret."""
    named = isinstance(value, Mapping) and all(isinstance(key, str) and key for key in value)
    if named and all(isinstance(item, str) for item in value.values()):
        _refuse_secrets(name, value)
        return dict(value)
    raise SpecError(name, "is not a set of names with texts; write name and text, both as text.")


def _refuse_secrets(name: str, environment: Mapping[str, str]) -> None:
    """Everybody may read a configuration: what looks like a secret belongs into one at the provider."""
    for key in environment:
        if _SECRET.search(key):
            raise SpecError(
                name, f"holds {key}: put it into a secret at the provider and name that under secrets."
            )

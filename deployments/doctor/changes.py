"""Changes of configuration that a rule offers, each for a spec and the values of its line."""

import math
import re
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from deployments.engines.validation import Fix
from deployments.planning.spec import Spec

from .rule import Values

_GPU_COUNTS = (1, 2, 4, 8)
_MOST_MEMORY_USE = Decimal("0.95")
_SHADOWING = (
    "RUN rm -f /usr/local/lib/python3*/dist-packages/typing_extensions.py"
    " /usr/lib/python3*/dist-packages/typing_extensions.py"
)


def set_to(field: str, value: Any) -> Fix:
    """One setting gets a value."""
    shown = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else value
    return Fix(f"Set {field} to {shown}.", {field: value})


def without_flags(spec: Spec, *names: str) -> Fix | None:
    """The typed flags of these names go, with their values; None where none of them was typed."""
    wanted = {name.lstrip("-").replace("_", "-") for name in names}
    kept: list[str] = []
    gone: list[str] = []
    taking = False
    for text in spec.extra_flags:
        if text.startswith("-"):
            taking = text.lstrip("-").partition("=")[0].replace("_", "-") in wanted
            gone += [text.partition("=")[0]] if taking else []
        kept += [] if taking else [text]
    return Fix(f"Remove {', '.join(gone)}.", {"extra_flags": kept}) if gone else None


def typed(spec: Spec, name: str) -> str | None:
    """The last typed value of a flag; empty where it has none, None where it was not typed."""
    found: str | None = None
    for text, after in zip(spec.extra_flags, [*spec.extra_flags[1:], ""], strict=False):
        flag, equals, value = text.partition("=")
        if flag.replace("_", "-") == name:
            found = value if equals else ("" if after.startswith("-") else after)
    return found


def _unless_typed(spec: Spec, name: str, fix: Fix) -> Fix | None:
    """None where a typed flag would win over the setting."""
    return None if typed(spec, name) is not None else fix


def context_that_fits(values: Values, spec: Spec) -> Fix | None:
    """The longest context that the engine itself says it can serve."""
    most = values.get("most", "").partition(".")[0]
    if not most.isdigit() or int(most) < 1:
        return None
    return _unless_typed(spec, "--max-model-len", set_to("max_model_len", int(most)))


def more_gpus(values: Values, spec: Spec) -> Fix | None:
    """The next larger number of GPUs, where there is one: it costs more an hour."""
    larger = [count for count in _GPU_COUNTS if count > spec.gpu_count]
    if spec.gpu_count < 1 or not larger:
        return None
    return Fix(f"Set gpu_count to {larger[0]}; it costs more an hour.", {"gpu_count": larger[0]})


def more_memory_use(values: Values, spec: Spec) -> Fix | None:
    """A larger share of each GPU's memory for the engine."""
    if Decimal(spec.gpu_memory_utilization) >= _MOST_MEMORY_USE:
        return None
    fix = set_to("gpu_memory_utilization", str(_MOST_MEMORY_USE))
    return _unless_typed(spec, "--gpu-memory-utilization", fix)


def less_memory_use(values: Values, spec: Spec) -> Fix | None:
    """Three points less for weights and cache leave more for the work of a request."""
    less = Decimal(spec.gpu_memory_utilization) - Decimal("0.03")
    if less < Decimal("0.5"):
        return None
    return _unless_typed(spec, "--gpu-memory-utilization", set_to("gpu_memory_utilization", f"{less:.2f}"))


def memory_use_that_is_free(values: Values, spec: Spec) -> Fix | None:
    """The share of the GPU that was free, rounded down."""
    share = math.floor(100 * float(values["free"]) / float(values["total"])) / 100
    if not 0.3 <= share < float(spec.gpu_memory_utilization):
        return None
    return _unless_typed(spec, "--gpu-memory-utilization", set_to("gpu_memory_utilization", f"{share:.2f}"))


def fewer_sequences(values: Values, spec: Spec) -> Fix | None:
    """Half as many requests at once in the engine."""
    if spec.max_num_seqs < 2:
        return None
    return _unless_typed(spec, "--max-num-seqs", set_to("max_num_seqs", spec.max_num_seqs // 2))


def memory_for_checkpoint(values: Values, spec: Spec) -> Fix | None:
    """Main memory in which the checkpoint is less than nine tenths."""
    needed = math.ceil(float(values["size"]) * 1.15)
    return set_to("memory_gib", float(needed)) if needed <= 2048 else None


def prefetch(values: Values, spec: Spec) -> Fix | None:
    """Read the checkpoint's files ahead and at the same time."""
    return _unless_typed(spec, "--safetensors-load-strategy", set_to("load_strategy", "prefetch"))


def eager(values: Values, spec: Spec) -> Fix | None:
    """Start without compiling."""
    words = "Set eager to true: it starts without compiling, and answers somewhat slower."
    return Fix(words, {"eager": True})


def longer_startup(values: Values, spec: Spec) -> Fix | None:
    """Twice the time to start, an hour at least."""
    return set_to("startup_timeout_s", min(86400, max(3600, 2 * spec.startup_timeout_s)))


def remove_shadow(values: Values, spec: Spec) -> Fix | None:
    """Delete the old single-file module in the image, before pip installs the package."""
    if any("typing_extensions.py" in step for step in spec.image.setup_commands):
        return None
    image = spec.to_json()["image"]
    image["setup_commands"] = [*image["setup_commands"], _SHADOWING]
    if not any(name.startswith("typing-extensions") for name in image["pip"]):
        image["pip"] = [*image["pip"], "typing-extensions>=4.15.0"]
    return Fix("Delete the old typing_extensions.py in the image and install the package.", {"image": image})


def _closest(name: str, known: str) -> str | None:
    names = re.findall(r"[\w.-]+", known)
    same = [one for one in names if one.lower() == name.lower()]
    close = same or get_close_matches(name, names, n=1, cutoff=0.5)
    family = [one for one in names if one[:3] == name[:3]]
    return next(iter(close or family), None)


def known_tool_parser(values: Values, spec: Spec) -> Fix | None:
    """The listed parser with the most similar name; for GLM models that of their format."""
    name = "glm47" if "glm-" in spec.model.lower() else _closest(values["name"], values.get("known", ""))
    return _unless_typed(spec, "--tool-call-parser", set_to("tool_call_parser", name)) if name else None


def known_reasoning_parser(values: Values, spec: Spec) -> Fix | None:
    """The listed parser with the most similar name; for GLM models that of their format."""
    name = "glm45" if "glm-" in spec.model.lower() else _closest(values["name"], values.get("known", ""))
    return _unless_typed(spec, "--reasoning-parser", set_to("reasoning_parser", name)) if name else None


def without_unknown_flags(values: Values, spec: Spec) -> Fix | None:
    """The flags that the parser does not know."""
    names = [text.partition("=")[0] for text in values["flags"].split() if text.startswith("--")]
    return without_flags(spec, *names)


def without_speculation(values: Values, spec: Spec) -> Fix | None:
    """No speculative decoding."""
    return Fix("Turn speculative decoding off.", {"speculative": None}) if spec.speculative else None


def without_async(values: Values, spec: Spec) -> Fix | None:
    """Without the typed flag, or else without the method that does not go with it."""
    return without_flags(spec, "--async-scheduling") or without_speculation(values, spec)


def without_variable(name: str, spec: Spec) -> Fix | None:
    """A plain variable goes."""
    if name not in spec.environment:
        return None
    return Fix(f"Remove {name}.", {"environment": {k: v for k, v in spec.environment.items() if k != name}})


def online(values: Values, spec: Spec) -> Fix | None:
    """Let the engine ask the hub."""
    return without_variable("HF_HUB_OFFLINE", spec)


def whole_variable(values: Values, spec: Spec) -> Fix | None:
    """The next whole number, where exactly one variable has the value that was refused."""
    named = [name for name, value in spec.environment.items() if value == values["value"]]
    try:
        whole = str(math.ceil(float(values["value"])))
    except (ValueError, OverflowError):
        return None
    if len(named) != 1:
        return None
    return Fix(f"Set {named[0]} to {whole}.", {"environment": {**spec.environment, named[0]: whole}})

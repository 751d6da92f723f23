"""In which format a checkpoint has its weights, read from its `config.json`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .sizes import texts

# Bytes per number of a quantised matrix with its scales. fp8: blocks of 128 x 128 with one 32-bit scale;
# int8: a scale per row, too small to count; int4 (AWQ, GPTQ): groups of 128 with 16-bit scale and 4-bit zero;
# nvfp4: groups of 16 with one 8-bit scale; mxfp4: groups of 32 with one 8-bit exponent.
FORMAT_BYTES = {
    "bf16": 2.0, "fp8": 1 + 4 / 128**2, "int8": 1.0, "int4": 0.5 + 2.5 / 128, "nvfp4": 0.5 + 1 / 16,
    "mxfp4": 0.5 + 1 / 32,
}  # fmt: skip
PLAIN = "bf16"
# What a checkpoint calls the modules that it left as they were.
_LEFT_ALONE = ("modules_to_not_convert", "ignore", "exclude_modules", "ignored_layers")
_ATTENTION = re.compile(r"(self_)?attn(\W*|.*[._](q|o|qkv|q_b|kv_b)_proj.*)$")
_LAYER = re.compile(r"layers\.\d+\.")


@dataclass(frozen=True, slots=True)
class Quantization:
    """`format` is a key of FORMAT_BYTES; `attention` False where only the rest is quantised. `guess` says
    what was assumed of a way of storing weights that is not known here; empty for one that is."""

    format: str = PLAIN
    attention: bool = True
    guess: str = ""


def read_quantization(config: Mapping[str, Any], layers: int) -> Quantization:
    """The format of the large matrices. What is not known counts as plain, which is the most it can be."""
    found = config.get("quantization_config")
    if not isinstance(found, Mapping):
        return Quantization()
    method = str(found.get("quant_method") or found.get("quant_algo") or "").lower()[:40]
    kind = _format(method, found)
    if kind is None:
        guess = f"How “{method or 'this checkpoint'}” stores weights is not known here: counted in 16 bits."
        return Quantization(guess=guess)
    return Quantization(kind, attention=not _leaves_attention(found, layers))


def _format(method: str, found: Mapping[str, Any]) -> str | None:
    if method in ("fp8", "fbgemm_fp8", "nvfp4", "mxfp4"):
        return method.removeprefix("fbgemm_")
    if method in ("awq", "gptq", "auto-round"):
        return {4: "int4", 8: "int8"}.get(found.get("bits", 4))
    if method.startswith("modelopt"):
        algorithm = str(found.get("quant_algo", "")).lower()
        return "nvfp4" if "fp4" in algorithm or "fp4" in method else "fp8" if "fp8" in algorithm else None
    if method == "bitsandbytes":
        return "int4" if found.get("load_in_4bit") else "int8"
    return _compressed(found) if method == "compressed-tensors" else None


def _compressed(found: Mapping[str, Any]) -> str | None:
    """Of the first group of layers: bits, kind of number and size of a group of weights."""
    groups = found.get("config_groups")
    first = next(iter(groups.values()), None) if isinstance(groups, Mapping) else None
    weights = first.get("weights") if isinstance(first, Mapping) else None
    if not isinstance(weights, Mapping):
        return None
    bits, kind = weights.get("num_bits"), weights.get("type")
    if bits == 8:
        return "fp8" if kind == "float" else "int8"
    if bits != 4:
        return None
    if kind != "float":
        return "int4"
    return "mxfp4" if weights.get("group_size") == 32 else "nvfp4"


def _leaves_attention(found: Mapping[str, Any], layers: int) -> bool:
    """Whether attention is among what was left alone: for all layers at once or at least half of them."""
    for name in _LEFT_ALONE:
        hits = [one for one in texts(found, name) if _ATTENTION.search(one)]
        if any(not _LAYER.search(one) for one in hits):
            return True
        if len({_LAYER.search(one)[0] for one in hits if _LAYER.search(one)}) * 2 >= layers:  # type: ignore[index]
            return True
    return False

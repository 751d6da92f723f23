"""The formats of weights, and on which GPUs an engine computes in them: data with sources."""

from dataclasses import dataclass
from enum import StrEnum

from .devices import Device


@dataclass(frozen=True, slots=True)
class WeightFormat:
    """`key` is one of FORMAT_BYTES; `bits` are those of weights and of activations."""

    key: str
    name: str
    bits: str


FORMATS = {
    one.key: one
    for one in (
        WeightFormat("bf16", "BF16", "16 bits, as trained"),
        WeightFormat("fp8", "FP8", "8-bit floats, activations too (W8A8)"),
        WeightFormat("int8", "INT8", "8-bit integers, activations too (W8A8)"),
        WeightFormat("int4", "INT4", "4-bit integers, activations in 16 bits (AWQ, GPTQ, W4A16)"),
        WeightFormat("nvfp4", "NVFP4", "4-bit floats in groups of 16, activations too where native"),
        WeightFormat("mxfp4", "MXFP4", "4-bit floats in groups of 32"),
    )
}
COMPARED = ("bf16", "fp8", "int8", "int4", "nvfp4")


class Way(StrEnum):
    """How a GPU computes with a format."""

    NATIVE = "native"
    WEIGHTS_ONLY = "weights only"
    NONE = "not at all"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Path:
    """The way, what that means, and where it is known from."""

    way: Way
    words: str
    source: str


_GENERATIONS = {
    "T4": "Turing", "A10": "Ampere", "A100-40GB": "Ampere", "A100-80GB": "Ampere", "L4": "Ada", "L40S": "Ada",
    "H100": "Hopper", "H200": "Hopper", "B200": "Blackwell",
}  # fmt: skip
_FP8, _INT8 = "vLLM’s documentation of FP8 W8A8", "vLLM’s documentation of INT8 W8A8"
_INT4 = "vLLM’s documentation of INT4 W4A16"
_TABLE = "vLLM’s table of hardware for quantization"
_NVFP4 = "LLM Compressor’s documentation of NVFP4, and vLLM’s own warning"
_BF16 = "vLLM’s check of the data type at start"
_FP8_UNITS = Path(Way.NATIVE, "FP8 units multiply weights and activations", _FP8)
_FP8_UNPACKED = Path(
    Way.WEIGHTS_ONLY, "saves memory; weights are unpacked to 16 bits for every multiplication", _FP8
)
_INT8_UNITS = Path(Way.NATIVE, "INT8 units multiply weights and activations", _INT8)
_INT4_UNPACKED = Path(
    Way.WEIGHTS_ONLY, "made for it: weights unpacked to 16 bits by Marlin kernels, activations stay", _INT4
)
_NVFP4_UNPACKED = Path(
    Way.WEIGHTS_ONLY, "no FP4 units: only the weights are kept small, and unpacked by Marlin kernels", _NVFP4
)
_BF16_UNITS = Path(Way.NATIVE, "16-bit units, as trained", _BF16)
_PATHS = {
    ("bf16", "Turing"): Path(Way.NONE, "has no BF16; vLLM asks for float16 there", _BF16),
    ("fp8", "Turing"): _FP8_UNPACKED,
    ("fp8", "Ampere"): _FP8_UNPACKED,
    ("int8", "Blackwell"): Path(Way.NONE, "vLLM has no INT8 kernels for it; FP8 is its 8-bit format", _INT8),
    ("int4", "Turing"): Path(Way.WEIGHTS_ONLY, "AWQ and GPTQ by their older kernels, not Marlin", _TABLE),
    ("nvfp4", "Blackwell"): Path(
        Way.NATIVE, "FP4 units, where the checkpoint has its activations in FP4, too", _NVFP4
    ),
    ("nvfp4", "Turing"): Path(Way.UNKNOWN, "nothing is documented", _NVFP4),
    ("nvfp4", "Ampere"): _NVFP4_UNPACKED,
    ("nvfp4", "Ada"): _NVFP4_UNPACKED,
    ("nvfp4", "Hopper"): _NVFP4_UNPACKED,
}
_OTHERWISE = {"bf16": _BF16_UNITS, "fp8": _FP8_UNITS, "int8": _INT8_UNITS, "int4": _INT4_UNPACKED}
_NOT_KNOWN = Path(Way.UNKNOWN, "nothing documented was found", "")


def path_of(format_key: str, device: Device) -> Path:
    """How a GPU computes with weights of a format, as the engine's documents say."""
    found = _PATHS.get((format_key, generation_of(device)))
    return found or _OTHERWISE.get(format_key, _NOT_KNOWN)


def generation_of(device: Device) -> str:
    """The maker's name of the GPU's generation."""
    return _GENERATIONS[device.name]

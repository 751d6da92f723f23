"""Formats in which one large model is published, and what each needs: figures of others, with source."""

from dataclasses import dataclass
from decimal import Decimal

FORMATS_SOURCE = "a published case study of GLM-5.2 on H200, mid 2026"


# What its memory is counted against: the 141 GB of an H200.
GPU_GB = 141


@dataclass(frozen=True, slots=True)
class Format:
    """`memory` is for weights and cache, `memory_gb` the same as a figure; `kept_percent` is the accuracy
    kept relative to BF16; `speed` says how fast it generates beside the others, where the source does.

    `key` is the format's name in `planning.memory.formats`.
    """

    key: str
    name: str
    memory: str
    memory_gb: int
    gpu_type: str
    gpu_count: int
    kept_percent: Decimal
    speed: str


_SLOWER = "FP8 is 1.5 to 2 times as fast"
_FASTER = "1.5 to 2 times as fast as BF16 and INT8"
FORMATS = (
    Format("bf16", "BF16", "about 1.5 TB", 1500, "H200", 16, Decimal(100), _SLOWER),
    Format(
        "fp8",
        "FP8",
        "about 700 GB",
        700,
        "H200",
        8,
        Decimal("99.2"),
        "1.5 to 2 times as fast as BF16 and INT8",
    ),
    Format("int8", "INT8 (W8A8)", "about 750 GB", 750, "H200", 8, Decimal("98.6"), _SLOWER),
    Format("int4", "INT4 (W4A16)", "about 400 GB", 400, "H200", 4, Decimal("91.4"), "not said"),
)

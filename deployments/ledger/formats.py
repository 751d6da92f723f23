"""Formats in which one large model is published, and what each needs: figures of others, with source."""

from dataclasses import dataclass
from decimal import Decimal

FORMATS_SOURCE = "a published case study of GLM-5.2 on H200, mid 2026"


@dataclass(frozen=True, slots=True)
class Format:
    """`memory` is for weights and cache; `kept_percent` is the accuracy kept relative to BF16."""

    name: str
    memory: str
    gpu_type: str
    gpu_count: int
    kept_percent: Decimal


FORMATS = (
    Format("BF16", "about 1.5 TB", "H200", 16, Decimal(100)),
    Format("FP8", "about 700 GB", "H200", 8, Decimal("99.2")),
    Format("INT8 (W8A8)", "about 750 GB", "H200", 8, Decimal("98.6")),
    Format("INT4 (W4A16)", "about 400 GB", "H200", 4, Decimal("91.4")),
)

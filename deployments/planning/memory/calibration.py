"""What was measured beyond what can be counted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Calibration:
    """GiB of one rank that the counted sizes leave out, for an architecture on so many ranks."""

    weights_gib: float
    reserve_gib: float
    source: str


# GLM-5.2-FP8 with its draft layer counts 703.74 GiB, as vLLM prints, and 89.51 of them on one of 8 ranks;
# others measured 94.46 GiB there and 25.94 GiB left for the cache at a share of 0.92 of 139.8 GiB. The
# difference of weights are copies that the engine makes for itself; that of the reserve is what experts,
# sparse attention and the communication of eight ranks need beyond a dense model on one GPU.
_CALIBRATIONS = {
    ("GlmMoeDsaForCausalLM", 8): Calibration(
        weights_gib=4.95, reserve_gib=6.31, source="measured by others on 8 x H200 with tensor parallel 8"
    )
}


def calibration_of(architecture: str, ranks: int) -> Calibration | None:
    """The calibration of an architecture on so many ranks; None where nobody measured it."""
    return _CALIBRATIONS.get((architecture, ranks))

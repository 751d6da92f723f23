"""What was measured beyond what can be counted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Calibration:
    """GiB of one rank that the counted sizes leave out. `exact` where it was measured of the same format on
    as many of the same GPUs; else it is the best there is, and the estimate as uncertain as a counted one."""

    weights_gib: float
    reserve_gib: float
    source: str
    exact: bool = True


# GLM-5.2-FP8 with its draft layer counts 703.74 GiB, as vLLM prints, and 89.51 of them on one of 8 ranks;
# others measured 94.46 GiB there and 25.94 GiB left for the cache at a share of 0.92 of 139.8 GiB. The
# difference of weights are copies that the engine makes for itself; that of the reserve is what experts,
# sparse attention and the communication of eight ranks need beyond a dense model on one GPU.
_RANKS, _SAME = 8, (8, "fp8", "H200")
_CALIBRATIONS = {
    "GlmMoeDsaForCausalLM": Calibration(
        weights_gib=4.95, reserve_gib=6.31, source="measured by others on 8 x H200 with tensor parallel 8"
    )
}


def calibration_of(architecture: str, ranks: int, quantization: str, device: str) -> Calibration | None:
    """The calibration of an architecture, None where nobody measured it.

    Of other formats, GPUs and numbers of them the copies are taken to be divided over the ranks as weights
    are, and the reserve to be the same.
    """
    found = _CALIBRATIONS.get(architecture)
    if found is None or (ranks, quantization, device) == _SAME:
        return found
    return Calibration(
        found.weights_gib * _RANKS / ranks,
        found.reserve_gib,
        "counted, with what FP8 on 8 x H200 was measured to need beyond that; never measured itself",
        exact=False,
    )

"""What a GPU of a type holds, and what an engine needs of it besides weights and cache."""

from dataclasses import dataclass

GIB = 2**30


@dataclass(frozen=True, slots=True)
class Device:
    """`memory_gib` is what CUDA reports in all. `measured` is False where it is the maker's figure less the
    share that the driver keeps for itself, which can be one GiB off."""

    name: str
    memory_gib: float
    measured: bool = False


# H200: vLLM 0.26 printed it ("Free memory on device (139.29/139.8 GiB)"). The others: the sizes of the
# makers' data sheets (T4 16, L4 and A10 24, A100 40 and 80, L40S 48, H100 80, B200 180 GB) less what
# firmware and driver keep, which is 1 to 8 %; nobody of us looked at one.
DEVICES = {
    device.name: device
    for device in (
        Device("T4", 14.6),
        Device("L4", 22.0),
        Device("A10", 22.0),
        Device("A100-40GB", 39.4),
        Device("L40S", 44.4),
        Device("A100-80GB", 79.1),
        Device("H100", 79.1),
        Device("H200", 139.8, measured=True),
        Device("B200", 178.0),
    )
}


def device_of(gpu_type: str) -> Device | None:
    """The device that a provider's name means (`H100!` and `A10G` too); None for one that is not known."""
    name = gpu_type.strip().upper().rstrip("!")
    return DEVICES.get({"A100": "A100-40GB", "A10G": "A10"}.get(name, name))

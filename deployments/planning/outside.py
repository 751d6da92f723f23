"""What a look at the provider found before a release, and how single findings are judged. Pure.

A check never guesses: what could not be looked at is `unknown`, with the reason.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class CheckState(StrEnum):
    """How one check ended. An error is what certainly fails the deploy, or what it would destroy: it refuses
    a release. A warning stops nothing. Unknown: could not look."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """One question and its answer: what was seen in words, and the remedy where there is something to mend.

    `offer` names what can be done about it here at once (download, or nothing), `offer_price` what it costs.
    """

    code: str
    title: str
    state: CheckState
    saw: str
    remedy: str = ""
    offer: str = ""
    offer_price: str = ""


# GPUs of one container by type, as Modal's guide of GPUs lists them (read in November 2026).
GPUS_A_CONTAINER = {
    "T4": 8, "L4": 8, "A10": 4, "A10G": 4, "L40S": 8, "A100": 8, "A100-40GB": 8, "A100-80GB": 8,
    "RTX-PRO-6000": 8, "H100": 8, "H200": 8, "B200": 8,
}  # fmt: skip
# GPUs at once on Modal's smallest plan (its price list, mid 2026); others allow more.
GPUS_OF_THE_SMALLEST_PLAN = 10

# A reference as registries write it: host with a dot or port, path in small letters, tag, digest.
_REFERENCE = re.compile(
    r"(?:(?:[a-zA-Z0-9-]+\.[a-zA-Z0-9.-]+|localhost)(?::\d+)?/|[a-zA-Z0-9-]+:\d+/)?"
    r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*"
    r"(?P<tag>:[\w][\w.-]{0,127})?(?P<digest>@sha256:[0-9a-f]{64})?"
)
_GIB = 2**30
# Of its published size: files beside the weights and rounding stay well within this.
_WHOLE_SHARE = 0.95


def image(reference: str, built_for: int | None) -> Check:
    """`built_for` is a release of this account that was deployed with the same image, if there is one."""
    title = "Image"
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        remedy = "Write it as registry/name:tag in small letters, for example vllm/vllm-openai:v0.33.0."
        return Check("image", title, CheckState.ERROR, f"{reference} is no image reference.", remedy)
    if not found["digest"] and found["tag"] in (None, ":latest"):
        saw = f"{reference} names no fixed version: each build may bring another one."
        return Check("image", title, CheckState.WARNING, saw, "Name a version after the colon.")
    if built_for is not None:
        saw = f"{reference} was built here before, for release {built_for}."
        return Check("image", title, CheckState.OK, saw)
    saw = (
        f"{reference} is well-formed. Whether its registry has it could not be looked at: the provider tells"
        " that only by building it, and the panel asks no registry."
    )
    remedy = "The first deploy finds out and says so in the log. A build that fails lights nothing."
    return Check("image", title, CheckState.UNKNOWN, saw, remedy)


def gpus(gpu_type: str, count: int) -> Check:
    """The type and number that one container asks for, against the documented limits."""
    if not count:
        return Check("gpu", "GPU", CheckState.OK, "It asks for no GPU.")
    limit = GPUS_A_CONTAINER.get(gpu_type.rstrip("!+").upper())
    if limit is None:
        saw = f"{gpu_type} is none of the GPUs that the provider documents."
        remedy = f"Choose one of {', '.join(GPUS_A_CONTAINER)}, or deploy and see."
        return Check("gpu", "GPU", CheckState.WARNING, saw, remedy)
    if count > limit:
        saw = f"{count} × {gpu_type} in one container; at most {limit} are documented."
        return Check("gpu", "GPU", CheckState.ERROR, saw, f"Ask for {limit} or fewer.")
    return Check("gpu", "GPU", CheckState.OK, f"{count} × {gpu_type} in one container; {limit} are allowed.")


def quota(count: int, others: Sequence[int | None]) -> Check:
    """`others`: the GPUs of each other container of the environment; None where the provider does not say."""
    sure, held = None not in others, sum(number or 0 for number in others)
    told = f"{'' if sure else 'At least '}{held} GPU{'' if held == 1 else 's'}"
    be = "is" if held == 1 else "are"
    saw = f"{told} of this environment {be} in use by others now; this asks for {count}."
    if held + count <= GPUS_OF_THE_SMALLEST_PLAN:
        saw += f" The smallest plan allows {GPUS_OF_THE_SMALLEST_PLAN} at once (documented)."
        return Check("quota", "GPUs at once", CheckState.OK, saw)
    saw += (
        f" The smallest plan allows {GPUS_OF_THE_SMALLEST_PLAN} at once (documented); the provider does not"
        " tell which plan this is."
    )
    remedy = "On that plan a start waits until others go out, and is given up after half an hour."
    return Check("quota", "GPUs at once", CheckState.WARNING, saw, remedy)


def weights(
    model: str, *, whole: bool | None, files: int, size_bytes: int, expected_gib: float | None
) -> Check:
    """What lies on the volume of `model`, whose published size is `expected_gib` (None: not written down)."""
    title, size_gib = "Weights", size_bytes / _GIB
    size = f", {size_gib:,.1f} GiB" if size_bytes >= _GIB / 20 else ""
    if whole is None:
        saw = f"{files} files of {model} are there{size}; their names do not tell whether that is all."
        return Check("weights", title, CheckState.UNKNOWN, saw, offer="download")
    if not whole:
        part = f" A part of it is there{size}." if size else ""
        saw = f"{model} is not whole on the volume.{part}"
        return Check("weights", title, CheckState.WARNING, saw, offer="download")
    if size and expected_gib and size_gib < expected_gib * _WHOLE_SHARE:
        share = f"{size_gib:,.1f} of {expected_gib:,.1f} GiB"
        saw = f"All {files} files of {model} are there, but they are {share}."
        return Check("weights", title, CheckState.WARNING, saw, offer="download")
    told = size or ("; the provider does not tell their size" if files else "")
    return Check("weights", title, CheckState.OK, f"All {files} files of {model} are there{told}.")


def app_name(name: str, slug: str, holders: Sequence[tuple[bool, str]]) -> Check:
    """`holders` are the living apps of that name that are not this deployment's own: each whether a panel
    such as this one deployed it, and under which slug."""
    title = "Name of the app"
    if not holders:
        return Check("app_name", title, CheckState.OK, f"{name} belongs to nothing else.")
    if all(ours and held == slug for ours, held in holders):
        saw = f"{name} is there already, deployed for {slug} by this panel or one like it."
        return Check("app_name", title, CheckState.WARNING, saw, "The deploy takes its place.")
    saw = f"{name} is the name of an app that this deployment did not make. A deploy would replace it."
    return Check("app_name", title, CheckState.ERROR, saw, "Give the app another name in the configuration.")


def refusing(checks: Sequence[Check]) -> list[Check]:
    """What a release is refused for."""
    return [check for check in checks if check.state is CheckState.ERROR]

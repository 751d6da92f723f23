"""What a look at the provider makes of what it saw."""

import pytest

from deployments.planning import outside
from deployments.planning.outside import CheckState

DIGEST = "sha256:" + "0" * 64
GIB = 2**30


@pytest.mark.parametrize(
    ("reference", "built_for", "state"),
    [
        ("vllm/vllm-openai:v0.33.0", None, CheckState.UNKNOWN),  # nobody can ask without building it
        ("vllm/vllm-openai:v0.33.0", 4, CheckState.OK),
        (f"ghcr.io/team/engine@{DIGEST}", None, CheckState.UNKNOWN),
        ("localhost:5000/team/engine:1", None, CheckState.UNKNOWN),
        ("vllm/vllm-openai", 4, CheckState.WARNING),
        ("vllm/vllm-openai:latest", None, CheckState.WARNING),
        (f"vllm/vllm-openai:latest@{DIGEST}", None, CheckState.UNKNOWN),
        ("VLLM/engine:1", None, CheckState.ERROR),
        ("vllm/vllm openai:1", None, CheckState.ERROR),
        ("vllm/vllm-openai:", None, CheckState.ERROR),
        ("https://ghcr.io/team/engine:1", None, CheckState.ERROR),
    ],
)
def test_an_image(reference: str, built_for: int | None, state: CheckState) -> None:
    assert outside.image(reference, built_for).state is state


@pytest.mark.parametrize(
    ("gpu_type", "count", "state"),
    [
        ("H200", 8, CheckState.OK),
        ("H100!", 8, CheckState.OK),  # exactly that type
        ("A10", 4, CheckState.OK),
        ("A10", 5, CheckState.ERROR),
        ("H300", 1, CheckState.WARNING),  # a newer one than is known here may well be there
        ("none", 0, CheckState.OK),
    ],
)
def test_the_gpus_of_one_container(gpu_type: str, count: int, state: CheckState) -> None:
    assert outside.gpus(gpu_type, count).state is state


@pytest.mark.parametrize(
    ("count", "others", "state", "words"),
    [
        (8, [], CheckState.OK, "0 GPUs of this environment are in use"),
        (8, [1, 1], CheckState.OK, "2 GPUs"),  # 10 in all
        (8, [8], CheckState.WARNING, "8 GPUs"),
        (1, [1, None], CheckState.OK, "At least 1 GPU of this environment is"),
    ],
)
def test_gpus_at_once(count: int, others: list[int | None], state: CheckState, words: str) -> None:
    found = outside.quota(count, others)
    assert found.state is state
    assert found.saw.startswith(words)


@pytest.mark.parametrize(
    ("whole", "files", "size", "state", "offer", "words"),
    [
        (True, 142, 704 * GIB, CheckState.OK, "", "All 142 files of a/b are there, 704.0 GiB."),
        (True, 142, 0, CheckState.OK, "", "does not tell their size"),
        (True, 142, 300 * GIB, CheckState.WARNING, "download", "300.0 of 703.7 GiB"),  # links without blobs
        (False, 12, 60 * GIB, CheckState.WARNING, "download", "A part of it is there, 60.0 GiB."),
        (False, 0, 0, CheckState.WARNING, "download", "a/b is not whole on the volume."),
        (None, 3, 0, CheckState.UNKNOWN, "download", "do not tell whether that is all"),
    ],
)
def test_weights(
    whole: bool | None, files: int, size: int, state: CheckState, offer: str, words: str
) -> None:
    found = outside.weights("a/b", whole=whole, files=files, size_bytes=size, expected_gib=703.74)
    assert (found.state, found.offer) == (state, offer)
    assert words in found.saw


@pytest.mark.parametrize(
    ("holders", "state"),
    [
        ([], CheckState.OK),
        ([(True, "glm")], CheckState.WARNING),  # of an earlier life of this panel
        ([(True, "other")], CheckState.ERROR),
        ([(False, "")], CheckState.ERROR),
        ([(True, "glm"), (False, "")], CheckState.ERROR),
    ],
)
def test_whose_app_has_the_name(holders: list[tuple[bool, str]], state: CheckState) -> None:
    assert outside.app_name("glm5-2-inference", "glm", holders).state is state

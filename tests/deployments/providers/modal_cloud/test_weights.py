"""Whether a snapshot is whole, from the names of its files."""

import pytest

from deployments.providers.modal_cloud.downloads import whole

SHARDS = {f"model-{n:05}-of-00003.safetensors" for n in (1, 2, 3)}


@pytest.mark.parametrize(
    ("names", "verdict"),
    [
        (SHARDS | {"config.json", "model.safetensors.index.json"}, True),
        (SHARDS - {"model-00002-of-00003.safetensors"} | {"config.json"}, False),
        (SHARDS, False),  # without its configuration no engine starts
        ({"config.json", "model.safetensors"}, True),
        ({"config.json", "model.safetensors.index.json"}, False),
        ({"config.json", "pytorch_model.bin"}, None),  # a layout that says nothing
        ({"config.json"}, None),
        (set(), False),
        (SHARDS | {"config.json", "mtp-00001-of-00002.safetensors"}, False),
    ],
)
def test_shards_are_counted_by_the_number_in_their_names(names, verdict):
    assert whole(names) is verdict

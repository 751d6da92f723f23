"""A line may carry any number: it spoils neither its own diagnosis nor that of the lines after it."""

import pytest

from deployments.doctor import Context, scan
from deployments.planning.presets import QWEN3_0_6B

_TAKEN = (
    "ValueError: Free memory on device cuda:0 ({}/{} GiB) on startup is less than desired GPU memory "
    "utilization (0.9"
)
_LARGE = "Auto-prefetch is disabled because the checkpoint size ({} GiB) exceeds 90% of available RAM (8 GiB)"
_LONG = "ValueError: To serve at least one request with the model's max seq len ({})"
_CALLED = "Value error, User-specified max_model_len (9) is greater than the derived max_model_len "


@pytest.mark.parametrize(
    "line",
    [
        _TAKEN.format("1.0", "0"),
        _TAKEN.format("1.2.3", "80"),
        _LARGE.format("9" * 400),
        _LONG.format("9" * 5000),
        f"{_CALLED}(max_position_embeddings={'9' * 5000}",
    ],
)
def test_number_that_is_none_offers_no_change_and_stops_no_reading(line: str) -> None:
    found = scan([line, "ValueError: No available memory for the cache blocks"], Context(QWEN3_0_6B)).found
    assert [one.index for one in found] == [0, 1]
    assert found[0].fix is None

"""What containers cost: wall seconds times prices."""

from decimal import Decimal

import pytest

from sandbox.cloud.money import cost, intervals, rates
from sandbox.cloud.records import Container


def container(**values: object) -> Container:
    defaults = {
        "id": "ta-1", "app_id": "ap-1", "function_id": "fu-1", "definition_id": "de-1", "enqueued_at": 90.0,
        "started_at": 100.0, "finished_at": 110.0, "gpu_type": "H200", "gpu_count": 8,
        "cpu_cores": "2", "memory_gib": "4",
    }  # fmt: skip
    return Container(**{**defaults, **values})


def test_eight_gpus_for_ten_seconds() -> None:
    # 8 x 0.001261 x 10; 2 x 0.0000131 x 10; 4 x 0.00000222 x 10
    assert cost(container(), 0, 1000, now=500) == {
        "GPU_H200": Decimal("0.10088"),
        "CPU": Decimal("0.000262"),
        "Memory": Decimal("0.0000888"),
    }


@pytest.mark.parametrize(
    ("since", "until", "now", "seconds"),
    [(0, 105, 500, 5), (105, 1000, 500, 5), (102, 104, 500, 2), (110, 200, 500, 0), (0, 100, 500, 0)],
)
def test_only_the_part_between_two_instants(since: float, until: float, now: float, seconds: int) -> None:
    parts = cost(container(), since, until, now=now)
    assert parts.get("GPU_H200", Decimal(0)) == Decimal("0.010088") * seconds


def test_living_container_costs_until_now() -> None:
    parts = cost(container(finished_at=0.0), 0, 1000, now=130)
    assert parts["GPU_H200"] == Decimal("0.010088") * 30


def test_pending_container_costs_nothing() -> None:
    assert cost(container(started_at=0.0, finished_at=0.0), 0, 1000, now=500) == {}


def test_unknown_gpu_is_not_priced_and_none_needs_no_price() -> None:
    assert set(cost(container(gpu_type="", gpu_count=0), 0, 1000, now=500)) == {"CPU", "Memory"}


def test_intervals_are_whole_hours_that_have_ended() -> None:
    # From 01:30 to 04:10: 01:00, 02:00 and 03:00; the fourth hour still runs.
    assert list(intervals(5400, 15000, hourly=True)) == [(3600, 7200), (7200, 10800), (10800, 14400)]
    assert list(intervals(5400, 15000, hourly=False)) == []


def test_rates_are_per_hour() -> None:
    assert Decimal(rates()["gpu_h200"]) == Decimal("4.5396")

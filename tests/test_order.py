"""The order of a run: panels first and one after another, everything once, whatever the number of workers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from . import order


@dataclass(frozen=True)
class Item:
    name: str
    path: Path
    slow: bool = False

    def get_closest_marker(self, name: str) -> bool:
        return self.slow and name == "slow"


PANELS = [Item(f"panel {number}", order.ACCEPTANCE / "test_x.py", slow=True) for number in range(4)]
SLOW = [Item(f"slow {number}", Path("/tests/browser/test_x.py"), slow=True) for number in range(3)]
REST = [Item(f"quick {number}", Path("/tests/test_x.py")) for number in range(23)]


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
def test_every_test_is_done_once(workers: int) -> None:
    items: list[Any] = [*REST, *SLOW, *PANELS]
    assert sorted(order.in_order(items, workers), key=str) == sorted(items, key=str)


def test_workers_begin_with_what_is_long() -> None:
    done = order.in_order([*REST, *SLOW, *PANELS], 3)  # type: ignore[list-item]
    assert [done[:4], done[20:23]] == [PANELS, SLOW]
    assert not any(item.slow for item in done[4:20])  # type: ignore[attr-defined]


def test_alone_the_panels_come_first_and_together() -> None:
    assert order.in_order([*REST, *SLOW, *PANELS], 1)[:7] == [*PANELS, *SLOW]  # type: ignore[list-item]

"""The order of a run: panels first, two at once at most, everything once, however many workers there are."""

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


PANEL_FILES = [order.ACCEPTANCE / f"test_{number}.py" for number in range(5)]
PANELS = [Item(f"panel {number}", PANEL_FILES[number // 2], slow=True) for number in range(4)]
SLOW = [Item(f"slow {number}", Path("/tests/browser/test_x.py"), slow=True) for number in range(3)]
REST = [Item(f"quick {number}", Path("/tests/test_x.py")) for number in range(23)]


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
def test_every_test_is_done_once(workers: int) -> None:
    items: list[Any] = [*REST, *SLOW, *PANELS]
    assert sorted(order.in_order(items, workers), key=str) == sorted(items, key=str)


def test_workers_begin_with_what_is_long() -> None:
    done: list[Any] = order.in_order([*REST, *SLOW, *PANELS], 3)  # type: ignore[list-item]
    assert [done[:2], done[10:12], done[20:23]] == [PANELS[:2], PANELS[2:], SLOW]
    assert not any(item.slow for item in [*done[2:10], *done[12:20]])


def test_two_panels_at_once_are_the_most() -> None:
    panels = [Item(f"panel in {path}", path, slow=True) for path in PANEL_FILES]
    done: list[Any] = order.in_order([*REST, *SLOW, *panels], 5)  # type: ignore[list-item]
    assert [done[:3], done[6:8]] == [panels[::2], panels[1::2]]
    assert done[3:6] + done[8:24] == REST[:19]


def test_files_of_panels_stay_together_and_go_to_one_of_two() -> None:
    done: list[Any] = order.in_order([*REST, *SLOW, *PANELS], 2)  # type: ignore[list-item]
    assert [done[:4], done[15:18]] == [PANELS, SLOW]


def test_alone_the_panels_come_first_and_together() -> None:
    assert order.in_order([*REST, *SLOW, *PANELS], 1)[:7] == [*PANELS, *SLOW]  # type: ignore[list-item]

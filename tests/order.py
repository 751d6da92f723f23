"""In which order the tests of a run are done: the long ones first, and those that share something together.

pytest-randomly has shuffled them before; that order stays within each part. `--dist worksteal` gives each
worker one stretch of the list to begin with, and who is done takes from the end of another's. So the tests
of a real panel stand at the beginning of a worker's stretch, and the panel that a worker's tests share ends
with them, instead of working beside everything else to the end. Real panels mostly wait: with three workers
two of them begin with panels, by file, and the last one with what else starts processes or a browser.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

ACCEPTANCE = Path(__file__).parent / "acceptance"
# At once: more would take the processor from each other's clocks.
_MOST_PANELS = 2


def in_order(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """`items` for so many workers; each worker must be told the same."""
    panels = [item for item in items if item.path.is_relative_to(ACCEPTANCE)]
    others = [item for item in items if not item.path.is_relative_to(ACCEPTANCE)]
    slow = [item for item in others if item.get_closest_marker("slow")]
    rest = iter([item for item in others if not item.get_closest_marker("slow")])
    done: list[pytest.Item] = []
    for begun, size in zip(_dealt(panels, workers, slow), _stretches(len(items), workers), strict=True):
        done += begun
        done += islice(rest, max(size - len(begun), 0))
    return [*done, *rest]


def _dealt(panels: list[pytest.Item], workers: int, slow: list[pytest.Item]) -> list[list[pytest.Item]]:
    """What each worker begins with."""
    if workers == 1:
        return [[*panels, *slow]]
    hands = min(workers - 1, _MOST_PANELS)
    files = sorted({item.path for item in panels})
    dealt = [[item for item in panels if files.index(item.path) % hands == hand] for hand in range(hands)]
    return [*dealt, *([] for _ in range(workers - 1 - hands)), slow]


def _stretches(number: int, workers: int) -> Iterator[int]:
    """How many tests xdist gives each worker to begin with."""
    for left in range(workers, 0, -1):
        size = number // left
        yield size
        number -= size

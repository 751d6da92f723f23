"""Counters, gauges and histograms in Prometheus's text form."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence

Labels = tuple[tuple[str, str], ...]


class Family:
    """One metric name with its samples by label values."""

    def __init__(self, name: str, kind: str, text: str, labels: dict[str, str]) -> None:
        self.name = name
        self.kind = kind
        self.text = text
        self.base = labels
        self.created = time.time()
        self.values: dict[Labels, float] = {}

    def key(self, labels: dict[str, str]) -> Labels:
        """The sample's place: base labels and these, sorted as the real one prints them."""
        return tuple(sorted((self.base | labels).items()))

    def lines(self) -> Iterator[str]:
        """Help, type and samples; for counters also when they were made."""
        yield f"# HELP {self.name} {self.text}"
        yield f"# TYPE {self.name} {self.kind}"
        for labels, value in self.values.items():
            yield f"{self.name}{_braces(labels)} {_number(value)}"
        if self.kind == "counter":
            yield from self._created(self.name.removesuffix("_total"), self.values)

    def _created(self, stem: str, places: dict[Labels, float]) -> Iterator[str]:
        yield f"# HELP {stem}_created {self.text}"
        yield f"# TYPE {stem}_created gauge"
        for labels in places:
            yield f"{stem}_created{_braces(labels)} {self.created!r}"


class Counter(Family):
    """Only grows."""

    def __init__(self, name: str, text: str, labels: dict[str, str]) -> None:
        super().__init__(name, "counter", text, labels)

    def add(self, amount: float = 1, **labels: str) -> None:
        """Add to the sample with these labels; 0 makes it appear."""
        place = self.key(labels)
        self.values[place] = self.values.get(place, 0.0) + amount


class Gauge(Family):
    """A present value."""

    def __init__(self, name: str, text: str, labels: dict[str, str]) -> None:
        super().__init__(name, "gauge", text, labels)

    def set(self, value: float, **labels: str) -> None:
        """Set the sample with these labels."""
        self.values[self.key(labels)] = value


class Histogram(Family):
    """Counts of observations up to each bound, their sum and number."""

    def __init__(self, name: str, text: str, labels: dict[str, str], bounds: Sequence[float]) -> None:
        super().__init__(name, "histogram", text, labels)
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0

    def observe(self, value: float, times: int = 1) -> None:
        """Count one observation, or several equal ones."""
        self.counts[bisect_left(self.bounds, value)] += times
        self.total += value * times

    def lines(self) -> Iterator[str]:
        """Cumulative buckets, count, sum and when it was made."""
        yield f"# HELP {self.name} {self.text}"
        yield f"# TYPE {self.name} histogram"
        running = 0
        for bound, count in zip([*map(_number, self.bounds), "+Inf"], self.counts, strict=True):
            running += count
            yield f"{self.name}_bucket{_braces(self.key({'le': bound}))} {_number(running)}"
        yield f"{self.name}_count{_braces(self.key({}))} {_number(running)}"
        yield f"{self.name}_sum{_braces(self.key({}))} {_number(self.total)}"
        yield from self._created(self.name, {self.key({}): 0.0})


def render(families: Sequence[Family]) -> str:
    """The page that `/metrics` answers."""
    return "".join(f"{line}\n" for family in families for line in family.lines())


def _braces(labels: Labels) -> str:
    inner = ",".join(f'{name}="{value}"' for name, value in labels)
    return f"{{{inner}}}" if inner else ""


def _number(value: float) -> str:
    return repr(float(value))

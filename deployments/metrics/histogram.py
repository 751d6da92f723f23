"""Durations counted in buckets that grow by a constant factor, so that percentiles survive being summed.

A bucket holds (LEAST_S x GAMMA^(i-1), LEAST_S x GAMMA^i]; its value is told as the point that is off by the
same share at both ends, so a percentile is within ERROR of the exact one (nearest rank), however many
histograms were added up in whatever order. The construction is that of DDSketch (Masson and others, 2019).
"""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil, log

GAMMA = 1.05
ERROR = (GAMMA - 1) / (GAMMA + 1)  # 2.44 %
# What is shorter is told as LEAST_S (off by a millisecond at most), what is longer as MOST_S.
LEAST_S, MOST_S = 0.001, 86_400.0

_LOG = log(GAMMA)
LAST = ceil(log(MOST_S / LEAST_S) / _LOG)
Histogram = dict[int, int]
_MIDDLES = [LEAST_S, *(LEAST_S * 2 * GAMMA**place / (GAMMA + 1) for place in range(1, LAST + 1))]


def place_of(seconds: float) -> int:
    """The number of the bucket that a duration falls into."""
    if not seconds > LEAST_S:  # not a number counts as nothing
        return 0
    return min(ceil(log(seconds / LEAST_S) / _LOG), LAST) if seconds < MOST_S else LAST


def of(durations: Iterable[float]) -> Histogram:
    """The histogram of durations in seconds."""
    found: Histogram = {}
    for seconds in durations:
        note(found, seconds)
    return found


def note(into: Histogram, seconds: float) -> None:
    """Count one more duration."""
    place = place_of(seconds)
    into[place] = into.get(place, 0) + 1


def add(into: Histogram, other: Mapping[int, int]) -> None:
    """Count everything in `other`, too."""
    for place, count in other.items():
        into[place] = into.get(place, 0) + count


def add_flat(into: Histogram, stored: Sequence[int]) -> None:
    """Count everything in what `flat` made, too: a chart adds up a hundred thousand of these numbers."""
    before = into.get
    for place, count in zip(stored[::2], stored[1::2], strict=True):
        into[place] = before(place, 0) + count


def percentiles(counted: Mapping[int, int], shares: Iterable[float]) -> list[float | None]:
    """Seconds that a share (0 to 1, ascending) of what was counted stayed within; None where nothing was."""
    total = sum(counted.values())
    if not total:
        return [None for _ in shares]
    found: list[float | None] = []
    places, below = iter(sorted(counted.items())), 0
    place, count = next(places)
    for share in shares:
        rank = max(1, ceil(share * total))
        while below + count < rank:
            below += count
            place, count = next(places)
        found.append(_MIDDLES[place])
    return found


def flat(counted: Mapping[int, int]) -> list[int]:
    """As it is stored: bucket, count, bucket, count, in ascending order."""
    return [number for pair in sorted(counted.items()) for number in pair]


def unflat(stored: Sequence[int]) -> Histogram:
    """The histogram that `flat` made this of."""
    return dict(zip(stored[::2], stored[1::2], strict=True))

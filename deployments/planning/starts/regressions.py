"""Whether a phase took much longer than it usually does.

A phase is slow where all of this holds, against up to twenty starts before it (five at least):
- it took half as long again as their median;
- it lies more than four of their spreads above it (the median distance from the median, made comparable
  to a standard deviation: one slow start among them moves neither);
- it took longer by fifteen seconds of the provider's time;
- where they are fewer than ten, it took longer than each of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from .medians import spread
from .start import PHASES, Start, basis

TIMES, SPREADS, LEAST_S, MANY = 1.5, 4.0, 15.0, 10
# The median distance of normally distributed values, as a part of their standard deviation.
_NORMAL = 1.4826
# Lines come with clocks of their own: less than this is no measurement, at any speed.
_NOISE_S = 2.0


@dataclass(frozen=True, slots=True)
class Slow:
    """A phase that took `seconds`, against `usual_s`, the median of `starts` starts; half of those took from
    `low_s` to `high_s`. `of_release` says that they were of the same release."""

    phase: str
    seconds: float
    usual_s: float
    low_s: float
    high_s: float
    starts: int
    of_release: bool


def slow_phases(start: Start, before: Sequence[Start], *, speed: float = 1.0) -> list[Slow]:
    """The phases of a start that were slow against those before it (newest first), the costliest first."""
    held = basis(before, start.release)
    least_s = max(LEAST_S / speed, _NOISE_S)
    found = []
    for phase in PHASES if held.starts else ():
        past = [one.took(phase) for one in held.starts]
        if is_slow(start.took(phase), past, least_s):
            low, high = spread(past)
            slow = Slow(phase, start.took(phase), median(past), low, high, len(past), held.of_release)
            found.append(slow)
    return sorted(found, key=lambda slow: slow.usual_s - slow.seconds)


def is_slow(seconds: float, past: Sequence[float], least_s: float = LEAST_S) -> bool:
    """The rule; `past` are the seconds of starts that had none of the phase as 0."""
    usual = median(past)
    distance = median(abs(one - usual) for one in past) * _NORMAL
    return (
        seconds - usual >= least_s
        and seconds >= TIMES * usual
        and seconds > usual + SPREADS * distance
        and (len(past) >= MANY or seconds > max(past))
    )

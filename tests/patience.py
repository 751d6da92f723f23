"""Waiting for what a real process does, without a fixed pause."""

import time
from collections.abc import Callable
from threading import Event

# A look often costs the watched process as much as the watcher: what takes long is looked at less often.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _GROWTH = 0.02, 0.5, 1.25


def until(
    happened: Callable[[], object], *, limit_s: float = 30.0, longest_pause_s: float = _LONGEST_PAUSE_S
) -> None:
    """Return as soon as `happened` is true; fail after `limit_s`."""
    deadline, pause_s = time.monotonic() + limit_s, _FIRST_PAUSE_S
    while not happened():
        assert time.monotonic() < deadline, f"it did not happen within {limit_s:.0f} s"
        Event().wait(pause_s)
        pause_s = min(pause_s * _GROWTH, longest_pause_s)

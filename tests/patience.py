"""Waiting for what a real process does, without a fixed pause."""

import time
from collections.abc import Callable
from threading import Event

_PAUSE_S = 0.02


def until(happened: Callable[[], object], *, limit_s: float = 30.0) -> None:
    """Return as soon as `happened` is true; fail after `limit_s`."""
    deadline = time.monotonic() + limit_s
    while not happened():
        assert time.monotonic() < deadline, f"it did not happen within {limit_s:.0f} s"
        Event().wait(_PAUSE_S)

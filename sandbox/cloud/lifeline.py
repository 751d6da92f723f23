"""No process of a container outlives the sandbox: Linux tells a child when its parent has died."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def die_with_parent(parent_pid: int, how: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel send `how` to this process when its parent dies; end now if it died already."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(how))
    if os.getppid() != parent_pid:
        os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def descendants(pid: int) -> list[int]:
    """All living processes below `pid`, children first. Empty where `pid` is gone."""
    found: list[int] = []
    pending = [pid]
    while pending:
        parent = pending.pop()
        with contextlib.suppress(OSError):
            for tasks in Path(f"/proc/{parent}/task").iterdir():
                children = [int(child) for child in (tasks / "children").read_text().split()]
                found += children
                pending += children
    return found


def kill_descendants(pid: int) -> bool:
    """SIGKILL everything below `pid`; whether there was anything left."""
    left = descendants(pid)
    for child in left:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(child, signal.SIGKILL)
    return bool(left)

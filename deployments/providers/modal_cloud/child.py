"""Runs Modal's command line in a process that dies with the one that asked for it.

    python -P child.py PARENT_PID deploy ...

A worker that is killed in the middle of a deploy must not leave one running that nobody watches.
"""

import ctypes
import os
import runpy
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Bind this process's life to its parent's, then be `modal`."""
    parent = int(sys.argv.pop(1))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the kernel was told
        os._exit(1)
    runpy.run_module("modal", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

"""The first process of a container: runs the deployed function in a child, and leaves nobody behind.

It speaks JSON lines with the sandbox: on SANDBOX_EVENTS_FD it says `imported`, `called` and `ended`; on its
standard input it is told which input to run (functions without a web server).
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time

from sandbox.cloud import lifeline


def main() -> None:
    """Be the container's process number one."""
    sandbox_pid = int(os.environ.pop("SANDBOX_PARENT_PID"))
    lifeline.die_with_parent(sandbox_pid, signal.SIGTERM)
    lifeline.adopt_orphans()
    first_pid = os.getpid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    worker = os.fork()
    if worker == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        lifeline.die_with_parent(first_pid)
        _work()
    signal.signal(signal.SIGTERM, lambda *_: _stop(worker, sandbox_pid))
    if os.getppid() != sandbox_pid:
        _stop(worker, sandbox_pid)
    sys.exit(_wait_for(worker))


def _stop(worker: int, sandbox_pid: int) -> None:
    """Asked to stop: pass it on, the sandbox kills later. Where the sandbox is gone, kill all now."""
    if os.getppid() != sandbox_pid:
        lifeline.kill_descendants(os.getpid())
    else:
        os.kill(worker, signal.SIGTERM)


def _wait_for(worker: int) -> int:
    """Reap children until the worker ends, then kill the rest. Gives the worker's exit code."""
    while True:
        pid, status = os.wait()
        if pid == worker:
            break
    while lifeline.kill_descendants(os.getpid()):
        time.sleep(0.005)
        _reap()
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _work() -> None:
    """Import the deployed module and do what its function is for. Never returns."""
    from sandbox.cloud import worker

    code = 1
    try:
        code = worker.run(json.loads(os.environ.pop("SANDBOX_TASK")))
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()

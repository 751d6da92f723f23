"""One worker process on one core follows 500 deployments, 25 of them lit and each writing 20 lines a second.

usage: python bench/follow/bench_follow.py [SECONDS] [DEPLOYMENTS] [LIT] [LINES_PER_S]

What runs is the panel's own: its Celery app with every task of the clock's schedule, its broker, its
SQLite. The provider's adapter is the one part that is exchanged (bench/follow/cloud.py), so calls cost no
network time. The lag of a line is from when it was written to when another process reads it from the
database, looked at ten times a second. Memory is the worker's resident size, steady from the first minute on.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(_ROOT)]
_WARM_UP_S, _POLL_S, _MEMORY_EVERY_S = 30.0, 0.1, 10.0


def main(seconds: float, count: int, lit: int, lines_per_s: int) -> int:
    """Measure, print, and give 1 where the goal is missed."""
    with tempfile.TemporaryDirectory(prefix="pl-follow-") as folder:
        os.environ |= {
            "PANEL_DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "controlpanel.settings",
            "FOLLOW_COUNT": str(count), "FOLLOW_LIT": str(lit), "FOLLOW_LINES_PER_S": str(lines_per_s),
            "FOLLOW_BEGIN": str(time.time() + 25), "PYTHONPATH": str(_ROOT),
        }  # fmt: skip
        _prepare()
        with _broker(), _process("worker", core=0) as worker, _process("beat", core=None):
            return _measure(worker, seconds)


def _prepare() -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from bench.follow.seed import seed
    from deployments.public import ensure_defaults

    call_command("migrate", interactive=False, verbosity=0)
    ensure_defaults(token_id="", token_secret="", is_sandbox=False, server_url="")
    from deployments.models import Account, Deployment

    Deployment.objects.all().delete()
    Account.objects.all().delete()
    seed(timezone.now())


@contextmanager
def _broker() -> Iterator[None]:
    from controlpanel.supervisor.broker import broker_program

    program = broker_program()
    if program.before_start:
        program.before_start()
    with _running(list(program.argv)):
        time.sleep(1.0)
        yield


@contextmanager
def _process(kind: str, *, core: int | None) -> Iterator[subprocess.Popen[bytes]]:
    from controlpanel.supervisor.table import ARENAS

    argv = [sys.executable, "-m", "celery", "-A", "bench.follow.worker", "--quiet", kind]
    if kind == "worker":
        argv += ["--queues", "control,deploy", "--pool", "threads", "--concurrency", "8"]
        argv += ["--without-mingle", "--without-gossip", "--without-heartbeat"]
    else:
        argv += ["--schedule", str(Path(os.environ["PANEL_DATA_DIR"]) / "beat"), "--pidfile="]
    with _running(argv, **ARENAS) as process:
        if core is not None and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(process.pid, {sorted(os.sched_getaffinity(0))[core]})
        yield process


@contextmanager
def _running(argv: list[str], **more: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(argv, cwd=_ROOT, env=os.environ | more, start_new_session=True)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _measure(worker: subprocess.Popen[bytes], seconds: float) -> int:
    import psutil

    seen = psutil.Process(worker.pid)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the processes are ended
    begin = float(os.environ["FOLLOW_BEGIN"]) + _WARM_UP_S
    lags: list[float] = []
    sizes: list[tuple[float, float]] = []
    last_id, cpu_s, next_size = 0, 0.0, 0.0
    while (now := time.time()) < begin + seconds:
        last_id, found = _read(last_id, now)
        if now >= begin:
            cpu_s = cpu_s or sum(seen.cpu_times()[:2])
            lags += found
        if now >= max(begin, next_size):
            sizes.append((now - begin, seen.memory_info().rss / 2**20))
            next_size = now + _MEMORY_EVERY_S
        time.sleep(_POLL_S)
    used = (sum(seen.cpu_times()[:2]) - cpu_s) / seconds
    return _told(sorted(lags), sizes, used, seconds)


def _read(last_id: int, now: float) -> tuple[int, list[float]]:
    from deployments.models import LogLine

    rows = list(LogLine.objects.filter(id__gt=last_id).order_by("id").values_list("id", "at"))
    return (rows[-1][0] if rows else last_id), [now - at.timestamp() for _, at in rows]


def _told(lags: list[float], sizes: list[tuple[float, float]], used: float, seconds: float) -> int:
    lit, per_s = int(os.environ["FOLLOW_LIT"]), int(os.environ["FOLLOW_LINES_PER_S"])
    expected = lit * per_s * seconds
    p50, p99 = lags[len(lags) // 2], lags[int(len(lags) * 0.99)]
    steady = [size for at, size in sizes if at >= min(60.0, seconds / 2)]
    half = len(steady) // 2
    grown = sum(steady[half:]) / len(steady[half:]) - sum(steady[:half]) / max(1, half)
    count = os.environ["FOLLOW_COUNT"]
    print(f"{count} deployments, {lit} lit, {per_s} lines a second each, for {seconds:.0f} s")
    print(f"lag of a line: p50 {p50:.2f} s, p99 {p99:.2f} s, worst {lags[-1]:.2f} s")
    print(f"lines: {len(lags)} read of about {expected:.0f}; the worker used {100 * used:.0f} % of a core")
    print(
        f"memory: {sizes[0][1]:.0f} MiB, at last {sizes[-1][1]:.0f}; second half against first {grown:+.1f}"
    )
    by_minute = [f"{size:.0f}" for at, size in sizes if at % 60 < _MEMORY_EVERY_S]
    print("memory by the minute: " + " ".join(by_minute))
    print(f"load of the machine: {os.getloadavg()[1]:.1f} on {os.cpu_count()} cores")
    good = p99 < 5.0 and len(lags) > 0.98 * expected - lit * per_s * 5
    print("goal (p99 under 5 s, no line lost): " + ("met" if good else "MISSED"))
    return 0 if good else 1


if __name__ == "__main__":
    given = [float(one) for one in sys.argv[1:]]
    defaults = [300.0, 500, 25, 20]
    seconds, *rest = given + defaults[len(given) :]
    sys.exit(main(seconds, *(int(one) for one in rest)))

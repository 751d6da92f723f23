"""How long the log's page, its searches and its keeping take with half a million lines of one deployment.

`python -m bench.logs.bench_logs` prints for SQLite and for PostgreSQL the median and the worst answer of each
address, how long the whole log takes to download and with how much memory, how many lines a second are
taken in by overlapping looks, and how long retention takes. `--databases sqlite --lines 50000` is a short
look.
"""

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
LOGS = "/deployments/glm/logs/"
API = "/api/v1/deployments/glm/logs"


def main() -> None:
    """Each database in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--databases", default="sqlite,postgresql")
    parser.add_argument("--lines", type=int, default=500_000)
    parser.add_argument("--looks", type=int, default=15)
    parser.add_argument("--only", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        print(json.dumps(_measured(options.lines, options.looks)))
        return
    for name in options.databases.split(","):
        _report(name, options.lines, _in_process(name, options))


def _in_process(name: str, options: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.logs.bench_logs", "--only"]
    command += ["--lines", str(options.lines), "--looks", str(options.looks)]
    if name == "postgresql":
        command = [sys.executable, "-m", "tests.postgres", *command]
    with tempfile.TemporaryDirectory(prefix="pilotlight-bench-") as folder:
        env = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
        env |= {"PANEL_DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "controlpanel.settings"}
        env["ALLOWED_HOSTS"] = "localhost,testserver"  # what Django's test clients call themselves
        made = subprocess.run(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(made.stdout.splitlines()[-1])
    return found


def _report(name: str, lines: int, found: dict[str, Any]) -> None:
    print(f"{name}, {lines:,} lines of one deployment, {found['bytes_per_line']:.0f} bytes each with indexes")
    for what, (median, worst) in found["looks"].items():
        print(f"  {median:6.0f} ms median, {worst:6.0f} ms worst  {what}")
    print(f"  {found['search_s']:.1f} s in {found['searches']} steps to find the one line at the other end")
    print(f"  {found['download_s']:.1f} s for the whole log as text, {found['grew_mib']:.0f} MiB more memory")
    print(f"  {found['stored_per_s']:,.0f} lines a second are taken in by looks that overlap")
    print(f"  {found['pruned_s']:.1f} s to let {found['pruned']:,} lines go")


def _measured(lines: int, looks: int) -> dict[str, Any]:
    import django

    django.setup()
    from django.core.management import call_command
    from django.test import Client

    from bench.logs.seed import RARE, seed, viewer

    call_command("migrate", verbosity=0)
    deployment = seed(lines)
    client = Client(SERVER_NAME="localhost")
    client.force_login(viewer())
    found = {"looks": _asked(client, deployment, looks), "bytes_per_line": _bytes() / lines}
    found["search_s"], found["searches"] = _searched(client, RARE)
    before = _peak_mib()
    found["download_s"] = asyncio.run(_downloaded(client, lines))
    found["grew_mib"] = _peak_mib() - before
    found["stored_per_s"] = _stored_per_s(deployment)
    found["pruned"], found["pruned_s"] = _pruned(lines)
    return found


def _asked(client: Any, deployment: Any, looks: int) -> dict[str, tuple[float, float]]:
    from deployments.models import LogLine

    rows = LogLine.objects.order_by("id")
    middle = rows[rows.count() // 2]
    run = deployment.runs.order_by("id")[3]
    paths = {
        "the page": LOGS,
        "the page in the middle of the log": f"{LOGS}?line={middle.pk}",
        "500 older lines, from the middle": f"{LOGS}tail/?before={middle.pk}",
        "one run": f"{LOGS}?run={run.pk}",
        "errors": f"{LOGS}?level=E",
        "warnings and errors": f"{LOGS}?level=W",
        "errors of one run": f"{LOGS}?level=E&run={run.pk}",
        "ten minutes three days ago": f"{LOGS}?since={middle.at:%Y-%m-%dT%H:%M:%SZ}"
        f"&until={middle.at + timedelta(minutes=10):%Y-%m-%dT%H:%M:%SZ}",
        "search for what is everywhere": f"{LOGS}?contains=throughput",
        "search for what is nowhere (ends after its time)": f"{LOGS}?contains=nowhere",
        "REST, the newest 500": f"{API}",
        "REST, what follows a line": f"{API}?after={middle.pk}",
    }
    return {what: _look(client, path, looks) for what, path in paths.items()}


def _look(client: Any, path: str, looks: int) -> tuple[float, float]:
    times = []
    for _ in range(looks):
        begun = time.perf_counter()
        response = client.get(path)
        times.append((time.perf_counter() - begun) * 1000)
        assert response.status_code == 200, response.content[:300]
    return statistics.median(times), max(times)


def _searched(client: Any, text: str) -> tuple[float, int]:
    """From the newest line to the oldest, as somebody does who presses Search further back."""
    begun, steps, query = time.perf_counter(), 0, "?"
    while True:
        steps += 1
        page = (
            client.get(f"{API}{query}", {"contains": text}).json()
            if query == "?"
            else client.get(API, {"contains": text, "cursor": query}).json()
        )
        if page["items"]:
            return time.perf_counter() - begun, steps
        query = page["next"]


async def _downloaded(client: Any, lines: int) -> float:
    from django.test import AsyncClient

    reader = AsyncClient()
    reader.cookies = client.cookies
    begun, got = time.perf_counter(), 0
    response: Any = await reader.get(f"{LOGS}download/")
    async for part in response.streaming_content:
        got += part.count(b"\n")
    assert got == lines, got
    return time.perf_counter() - begun


def _stored_per_s(deployment: Any) -> float:
    """Looks of 2,000 new lines, each with the 6,000 before them once more, into what is stored already."""
    import random

    from bench.logs.seed import UNTIL, text_of
    from deployments.providers.base import LogEntry
    from deployments.services import taking

    chance, looks = random.Random(7), 10
    entries = [
        LogEntry(UNTIL + timedelta(milliseconds=place), f"{text_of(place, chance)} {place}", "ta-100")
        for place in range(2000 * looks)
    ]
    runs = {run.container_id: run for run in deployment.runs.all()}
    begun = time.perf_counter()
    for look in range(looks):
        end = (look + 1) * 2000
        assert len(taking.take_in(deployment, entries[max(0, end - 8000) : end], runs)) == 2000
    return 2000 * looks / (time.perf_counter() - begun)


def _pruned(lines: int) -> tuple[int, float]:
    from django.test import override_settings

    from bench.logs.seed import UNTIL
    from deployments.services import retention

    begun = time.perf_counter()
    with override_settings(LOG_KEEP_LINES=lines * 9 // 10, LOG_KEEP_DAYS=3650):
        gone = retention.prune_lines(UNTIL + timedelta(days=1), budget_s=600)
    return gone, time.perf_counter() - begun


def _bytes() -> int:
    from django.conf import settings
    from django.db import connection

    if connection.vendor == "sqlite":
        return Path(settings.DATABASES["default"]["NAME"]).stat().st_size
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size('deployments_logline')")
        return int(cursor.fetchone()[0])


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()

"""How long the metrics page takes over ninety days of twenty deployments, and how much room the buckets take.

`python -m bench.metrics.bench_metrics` seeds a day of what engines and the gateway would have told (one
deployment works all day long, the others in six spells), rolls it up as the panel does, repeats the buckets
for the days before, and prints for SQLite and PostgreSQL the bytes for each deployment and day and the median
answer of each range, and which of them took 100 ms or more of the panel's own time. `--deployments 3` is a
short look.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
RANGES = ("1h", "6h", "24h", "7d", "30d", "90d")
UNTIL = datetime(2026, 11, 27, tzinfo=UTC)
LIMIT_MS = 100.0


def main() -> None:
    """Each database in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--databases", default="sqlite,postgresql")
    parser.add_argument("--deployments", type=int, default=20)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--looks", type=int, default=11, help="how often each range is asked for")
    parser.add_argument("--keep", help="a folder in which the SQLite database stays")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(_measured(options)))
        return
    slow = []
    for name in options.databases.split(","):
        slow += _report(name, _in_process(name, options))
    if slow:
        print(f"Slower than {LIMIT_MS:.0f} ms at the median: {', '.join(slow)}")


def _in_process(name: str, options: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.metrics.bench_metrics", "--measure"]
    command += [
        "--looks",
        str(options.looks),
        "--deployments",
        str(options.deployments),
        "--days",
        str(options.days),
    ]
    if name == "postgresql":
        command = [sys.executable, "-m", "tests.postgres", *command]
    with tempfile.TemporaryDirectory(prefix="pilotlight-bench-") as folder:
        env = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
        kept = options.keep if options.keep and name == "sqlite" else folder
        env |= {"PANEL_DATA_DIR": kept, "DJANGO_SETTINGS_MODULE": "controlpanel.settings"}
        made = subprocess.run(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(made.stdout.splitlines()[-1])
    return found


def _report(name: str, found: dict[str, Any]) -> list[str]:
    print(
        f"{name}: {found['samples']:,} samples and {found['requests']:,} requests of {found['deployments']}"
        f" deployments' day, rolled up in {found['rolled_s']:.0f} s of CPU"
        f" ({found['rows_per_s']:,.0f} rows a second); {found['buckets']:,} buckets of {found['days']} days"
    )
    for kind, levels in found["bytes"].items():
        said = ", ".join(f"{size:,.0f} B of {level} s" for level, size in levels.items())
        print(f"  a day of a deployment that works {kind}: {said}")
    print(
        f"  {found['kept_bytes'] / 1e6:.1f} MB in all, {found['bucket_bytes']:.0f} B a bucket with its index"
    )
    for path, (median, worst, own) in found["looks"].items():
        print(f"  median {median:.0f} ms, worst {worst:.0f}; {own:.0f} ms of CPU in the panel  {path}")
    return [f"{name} {path}" for path, (_, _, own) in found["looks"].items() if own >= LIMIT_MS]


def _measured(options: argparse.Namespace) -> dict[str, Any]:
    import django

    django.setup()
    from django.core.management import call_command

    from bench.metrics.seed import repeat, seed_day
    from deployments.models import MetricBucket, Sample
    from gateway.models import UsageRecord

    call_command("migrate", verbosity=0)
    made = seed_day(UNTIL, deployments=options.deployments)
    rolled_s = _roll_up()
    repeat(made, UNTIL, options.days)
    samples, requests = Sample.objects.count(), UsageRecord.objects.count()
    each, bytes_by_kind, kept = _sizes(made)
    return {
        "samples": samples, "requests": requests, "deployments": len(made), "days": options.days,
        "rolled_s": rolled_s, "rows_per_s": (samples + requests) / rolled_s, "bytes": bytes_by_kind,
        "buckets": MetricBucket.objects.count(),
        "kept_bytes": kept, "bucket_bytes": each, "looks": _asked(made, options.looks),
    }  # fmt: skip


def _roll_up() -> float:
    from deployments.services.rolling import roll_up

    begun, at = time.process_time(), UNTIL
    while not roll_up(now=at, patience_s=600):
        at += timedelta(seconds=21)
    return time.process_time() - begun


def _sizes(made: list[Any]) -> tuple[float, dict[str, dict[int, float]], float]:
    """Bytes of a bucket, of a day's buckets by how long a deployment works and by level, and of all."""
    from django.db import connection

    from deployments.models import MetricBucket

    rows, whole = MetricBucket.objects.count(), _table_bytes(connection)
    each = whole / max(1, rows)
    found: dict[str, dict[int, float]] = {}
    for kind, deployment in (("all day", made[0]), ("now and then", made[-1])):
        found[kind] = {}
        for level in (10, 60, 3600, 86_400):
            buckets = MetricBucket.objects.filter(deployment=deployment, level=level)
            starts = set(buckets.values_list("start", flat=True))
            days = len({start // 86_400 for start in starts})
            found[kind][level] = buckets.count() * each / max(1, days)
    return each, found, whole


def _table_bytes(connection: Any) -> float:
    from django.db import OperationalError

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_total_relation_size('deployments_metricbucket')")
            return float(cursor.fetchone()[0])
        try:
            cursor.execute("SELECT SUM(pgsize) FROM dbstat WHERE name LIKE '%metric%bucket%'")
            return float(cursor.fetchone()[0] or 0)
        except OperationalError:  # a SQLite that was built without it
            return float(Path(connection.settings_dict["NAME"]).stat().st_size)


def _asked(made: list[Any], looks: int) -> dict[str, tuple[float, float, float]]:
    """Median and worst answer, and the median of the process's own time, in milliseconds."""
    import time_machine
    from django.test import Client

    from controlpanel.models import User
    from controlpanel.roles import give_role
    from deployments.planning.power import Role

    user = User.objects.create_user("bench")
    give_role(user, Role.VIEWER)
    client = Client(SERVER_NAME="localhost")
    with time_machine.travel(UNTIL, tick=False):
        client.force_login(user)
    found = {}
    for deployment in (made[0], made[-1]):
        for key in RANGES:
            path = f"/deployments/{deployment.slug}/metrics/?range={key}"
            _look(client, path)  # templates are compiled once in a process's life
            times, own = zip(*(_look(client, path) for _ in range(looks)), strict=True)
            found[path] = (statistics.median(times), max(times), statistics.median(own))
    return found


def _look(client: Any, path: str) -> tuple[float, float]:
    import time_machine

    with time_machine.travel(UNTIL, tick=False):
        begun, own = time.perf_counter(), time.process_time()
        response = client.get(path)
        took = (time.perf_counter() - begun) * 1000, (time.process_time() - own) * 1000
    assert response.status_code == 200, response.content[:300]
    return took


if __name__ == "__main__":
    main()

"""How long a team's month takes on the pages of costs and runs, on both databases, and at ten times that.

`python -m bench.money.bench_costs` prints for each database and scale how long settling took, the median and
the worst answer of each address, and the ratio of the largest scale to the first; and it fails where two
groupings of the month do not come to the same total to the micro-dollar. `--databases sqlite --scales 1` is a
short look. Each database is a new one that is gone afterwards.
"""

import argparse
import itertools
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
NOVEMBER, QUARTER = "from=2026-11-01&to=2026-11-30", "from=2026-09-02&to=2026-11-30"
SPLITS = ("part", "deployment", "person", "key")
PATHS = (
    *(f"/costs/?period=custom&{NOVEMBER}&split={split}" for split in SPLITS),
    *(f"/costs/?period=custom&{QUARTER}&split={split}" for split in SPLITS),
    "/costs/?period=custom&from=2025-11-01&to=2026-11-30",
    f"/costs/runs/?period=custom&{NOVEMBER}",
    f"/api/v1/costs?{NOVEMBER}&group=day,deployment,part",
    "/runs/",
)
# All rows in one answer: asked for a few times, and in one zone.
DOWNLOADS = ("/runs/runs.csv",)
# The reader's own zone: days of the second are far from those in UTC, whose sums are kept.
READERS = ("UTC", "America/Los_Angeles")
ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata")
UNTIL = datetime(2026, 12, 1, tzinfo=UTC)
GROUPS = ("day", "deployment", "person", "key")


def main() -> None:
    """Each database and scale in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--databases", default="sqlite,postgresql")
    parser.add_argument("--scales", default="1,10")
    parser.add_argument("--looks", type=int, default=15, help="how often each address is asked")
    parser.add_argument("--each", type=int, default=100, help="requests of a run")
    parser.add_argument("--only", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        print(json.dumps(_measured(options.only, options.looks, options.each)))
        return
    for name in options.databases.split(","):
        scales = [int(scale) for scale in options.scales.split(",")]
        _report(name, {scale: _in_process(name, scale, options) for scale in scales})


def _in_process(name: str, scale: int, options: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.money.bench_costs", "--only", str(scale)]
    command += ["--looks", str(options.looks), "--each", str(options.each)]
    if name == "postgresql":
        command = [sys.executable, "-m", "tests.postgres", *command]
    with tempfile.TemporaryDirectory(prefix="pilotlight-bench-") as folder:
        env = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
        env |= {"PANEL_DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "controlpanel.settings"}
        made = subprocess.run(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(made.stdout.splitlines()[-1])
    return found


def _report(name: str, found: dict[int, dict[str, Any]]) -> None:
    for scale, one in found.items():
        print(
            f"{name}, x{scale}: {one['runs']:,} runs and {one['requests']:,} requests of {one['people']}"
            f" people are {one['charges']:,} charges and {one['days']:,} daily rows, settled in"
            f" {one['settled_s']:.0f} s;"
            f" {one['groupings']} groupings come to the same {one['micro_usd']:,} micro-dollars"
        )
    scales = list(found)
    for path in found[scales[0]]["looks"]:
        told = [found[scale]["looks"][path] for scale in scales]
        medians = ", ".join(
            f"x{scale} median {median:.0f} ms (worst {worst:.0f}; {cpu:.0f} ms of CPU in the panel)"
            for scale, (median, worst, cpu) in zip(scales, told, strict=True)
        )
        print(f"  {medians}, ratio {told[-1][0] / told[0][0]:.1f}  {path}")


def _measured(scale: int, looks: int, each: int) -> dict[str, Any]:
    import django

    django.setup()
    from django.core.management import call_command

    from bench.money.seed import seed
    from deployments.models import Charge, DayCost, Run
    from gateway.models import UsageRecord

    call_command("migrate", verbosity=0)
    seed(UNTIL, runs=2000 * scale, requests=2000 * each * scale)
    settled_s = _settle()
    groupings, micro_usd = _equal()
    return {
        "runs": Run.objects.count(), "requests": UsageRecord.objects.count(), "people": 30,
        "charges": Charge.objects.count(), "days": DayCost.objects.count(), "settled_s": settled_s,
        "groupings": groupings, "micro_usd": micro_usd, "looks": _asked(looks),
    }  # fmt: skip


def _settle() -> float:
    from deployments.models import Run
    from deployments.services.settle import settle_ended

    begun = time.perf_counter()
    while settle_ended(now=UNTIL + timedelta(hours=1)):
        pass
    assert not Run.objects.filter(settled_at__isnull=True).exists()
    return time.perf_counter() - begun


def _equal() -> tuple[int, int]:
    """How many groupings there are, and their one total: by every column, part, hour and zone."""
    from zoneinfo import ZoneInfo

    from django.db.models import F, Sum

    from deployments.ledger.window import Window
    from deployments.models import Charge, Run
    from deployments.services import daily, spend

    assert daily.differences() == 0
    every = [groups for size in range(5) for groups in itertools.combinations(GROUPS, size)]
    totals: set[int] = set()
    for zone in map(ZoneInfo, ZONES):
        window = Window.of_days((UNTIL - timedelta(days=32)).date(), UNTIL.date(), zone)
        for found in spend.spent_by(window, every, UNTIL):
            whole = found.total
            totals |= {whole.total, whole.boot + whole.use + whole.idle, whole.gpu + whole.cpu + whole.memory}
    parts = F("boot_micro_usd") + F("use_micro_usd") + F("idle_micro_usd")
    hours = Charge.objects.order_by().values(hour=F("slot") / 4).annotate(micro_usd=Sum(parts))
    totals.add(sum(row["micro_usd"] for row in hours))
    runs = Run.objects.aggregate(usd=Sum("cost_usd"))["usd"]
    totals.add(round(runs * 1_000_000))
    assert len(totals) == 1, totals
    return len(every) * len(ZONES) + 2, totals.pop()


def _asked(looks: int) -> dict[str, tuple[float, float, float]]:
    """Median and worst answer, and the median of the process's own time, in milliseconds. The last tells more
    where other work shares the machine; a database server's time is not in it."""
    from django.test import Client

    from controlpanel.models import User
    from controlpanel.roles import give_role
    from deployments.planning.power import Role

    user = User.objects.create_user("bench")
    give_role(user, Role.VIEWER)
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    found = {}
    for zone in READERS:
        User.objects.filter(pk=user.pk).update(time_zone=zone)
        for path in PATHS:
            times, own = zip(*(_look(client, path) for _ in range(looks)), strict=True)
            found[f"{path}, read in {zone}"] = (statistics.median(times), max(times), statistics.median(own))
    for path in DOWNLOADS:
        times, own = zip(*(_look(client, path) for _ in range(min(looks, 5))), strict=True)
        found[path] = (statistics.median(times), max(times), statistics.median(own))
    return found


def _look(client: Any, path: str) -> tuple[float, float]:
    begun, own = time.perf_counter(), time.process_time()
    response = client.get(path)
    if response.streaming:
        for _ in response.streaming_content:
            pass
    took = (time.perf_counter() - begun) * 1000, (time.process_time() - own) * 1000
    assert response.status_code == 200, path
    return took


if __name__ == "__main__":
    main()

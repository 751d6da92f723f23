"""How long a seeded month takes to settle, and the costs page to answer. `--scale 10` has ten times the runs.

Uses a SQLite of its own in a temporary folder, or DATABASE_URL (an empty database).
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
PATHS = (
    "/costs/?period=custom&from=2026-11-01&to=2026-11-30",
    "/costs/?period=custom&from=2026-11-01&to=2026-11-30&split=person",
    "/costs/?period=custom&from=2025-11-01&to=2026-11-30",
    "/api/v1/costs?from=2026-11-01&to=2026-11-30&group=day,deployment,person,key,part",
)
UNTIL = datetime(2026, 12, 1, tzinfo=UTC)


def main() -> None:
    """Seed, settle, ask."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--requests", type=int, default=200_000, help="before scaling")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pilotlight-bench-") as folder:
        os.environ.setdefault("PANEL_DATA_DIR", folder)
        os.environ["DJANGO_SETTINGS_MODULE"] = "controlpanel.settings"
        _run(options)


def _run(options: argparse.Namespace) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from bench.money.seed import seed

    call_command("migrate", verbosity=0)
    begun = time.perf_counter()
    seed(UNTIL, runs=2000 * options.scale, requests=options.requests * options.scale, days=options.days)
    print(f"seeded {2000 * options.scale} runs in {time.perf_counter() - begun:.1f} s")
    _settle()
    _ask()


def _settle() -> None:
    from deployments.models import Charge, Run
    from deployments.services.settle import settle_ended

    begun, settled = time.perf_counter(), 0
    while found := settle_ended(now=UNTIL + timedelta(hours=1)):
        settled += found
    took = time.perf_counter() - begun
    assert not Run.objects.filter(settled_at__isnull=True).exists()
    print(f"settled {settled} runs into {Charge.objects.count()} charges in {took:.1f} s")


def _ask() -> None:
    from django.test import Client

    from controlpanel.models import User
    from controlpanel.roles import give_role
    from deployments.planning.power import Role

    user = User.objects.create_user("bench")
    give_role(user, Role.VIEWER)
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    for path in PATHS:
        times = []
        for _ in range(7):
            begun = time.perf_counter()
            response = client.get(path)
            times.append((time.perf_counter() - begun) * 1000)
            assert response.status_code == 200, response.content[:300]
        print(f"median {statistics.median(times):6.1f} ms, worst {max(times):6.1f} ms  {path}")


if __name__ == "__main__":
    main()

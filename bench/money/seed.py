"""A team's month: runs, their requests and their people, the same at every call."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from deployments.models import (
    Account,
    Cause,
    Deployment,
    EndReason,
    Lease,
    LeaseEnd,
    Phase,
    PhaseName,
    Release,
    Run,
    Wanted,
)
from deployments.planning.presets import GLM_5_2_FP8
from gateway.models import ApiKey, UsageRecord

from .rows import insert

NAMES = ("GLM-5.2 FP8", "Coder", "Support drafts", "Night batch")
BOOT_S = 275
# When each phase began, in seconds of a run.
PHASES = {
    PhaseName.QUEUED: 0, PhaseName.CONTAINER: 5, PhaseName.WEIGHTS: 50, PhaseName.COMPILE: 130,
    PhaseName.WARMUP: 200, PhaseName.SERVER: 265, PhaseName.READY: BOOT_S,
}  # fmt: skip


def seed(
    until: datetime, *, runs: int = 2000, requests: int = 200_000, people: int = 30, days: int = 30
) -> None:
    """Fill an empty database with runs that ended before `until`, over `days`, evenly by seeded chance."""
    rng = random.Random(20261124)
    with transaction.atomic():
        users = _people(people)
        keys = _keys(users, until)
        deployments = _deployments(until - timedelta(days=days))
        for deployment in deployments:
            _runs(rng, deployment, users, keys, until, runs // len(NAMES), requests // len(NAMES), days)


def _people(count: int) -> list[Any]:
    users = get_user_model().objects
    users.bulk_create([users.model(username=f"person-{n:02}") for n in range(count)])
    return list(users.filter(username__startswith="person-"))


def _keys(users: list[Any], at: datetime) -> dict[int, list[ApiKey]]:
    rows = [
        ApiKey(owner=user, name=name, prefix="pl_", secret_hash=f"{user.pk}-{name}", created_at=at)
        for user in users
        for name in ("laptop", "agent")
    ]
    ApiKey.objects.bulk_create(rows)
    found: dict[int, list[ApiKey]] = {}
    for key in ApiKey.objects.filter(prefix="pl_"):
        found.setdefault(key.owner_id, []).append(key)
    return found


def _deployments(since: datetime) -> list[Deployment]:
    account = Account.objects.create(name="Seeded")
    made = []
    for number, name in enumerate(NAMES):
        config = GLM_5_2_FP8.to_json() | {"app_name": f"seeded-{number}", "gpu_count": (8, 2, 1, 4)[number]}
        row = Deployment.objects.create(
            slug=f"seeded-{number}", name=name, account=account, config=config, wanted=Wanted.ON
        )
        row.current_release = Release.objects.create(
            deployment=row, number=1, spec=config, author_name="seed", created_at=since
        )
        row.save(update_fields=["current_release"])
        Deployment.objects.filter(pk=row.pk).update(created_at=since)
        made.append(row)
    return made


def _runs(
    rng: random.Random, deployment: Deployment, users: list[Any], keys: dict[int, list[ApiKey]],
    until: datetime, runs: int, requests: int, days: int,
) -> None:  # fmt: skip
    leases, rows, uses = [], [], []
    period = timedelta(days=days) / runs
    for number in range(1, runs + 1):
        user = rng.choice(users)
        start = until - timedelta(days=days) + period * (number - 1)
        life = _Life(rng, start, period)
        lease = Lease(
            deployment=deployment, holder=user, holder_name=user.username, via="page", created_at=start,
            ended_at=life.end, end_reason=LeaseEnd.IDLE, until=life.end if rng.random() < 0.1 else None,
        )  # fmt: skip
        leases.append(lease)
        rows.append(_run(deployment, number, lease, life))
        uses += list(_requests(rng, deployment, number, life, users, keys, requests // runs))
    for lease in Lease.objects.bulk_create(leases):
        assert lease.pk
    made = Run.objects.bulk_create(rows)
    Phase.objects.bulk_create([phase for run in made for phase in _phases(run)], batch_size=5000)
    insert(UsageRecord, uses)


class _Life:
    """When one run started, was ready and ended, within its share of the month."""

    def __init__(self, rng: random.Random, start: datetime, period: timedelta) -> None:
        room_s = period.total_seconds() - BOOT_S - 10
        self.start = start
        self.ready = start + timedelta(seconds=BOOT_S)
        self.lit_s = room_s * rng.uniform(0.2, 0.9)
        self.end = self.ready + timedelta(seconds=self.lit_s)
        self.failed = rng.random() < 0.01


def _run(deployment: Deployment, number: int, lease: Lease, life: _Life) -> Run:
    return Run(
        account=deployment.account, deployment=deployment, release=deployment.current_release, number=number,
        container_id=f"ta-{deployment.pk}-{number}", cause=Cause.LEASE, lease=lease,
        lit_for=lease.holder_name,
        first_seen_at=life.start, started_at=life.start, ready_at=None if life.failed else life.ready,
        ended_at=life.ready if life.failed else life.end, phase="ready",
        end_reason=EndReason.BOOT_FAILED if life.failed else EndReason.IDLE,
    )  # fmt: skip


def _phases(run: Run) -> Iterator[Phase]:
    begun = {name: run.first_seen_at + timedelta(seconds=after_s) for name, after_s in PHASES.items()}
    return (Phase(run=run, name=name, started_at=at) for name, at in begun.items())


def _requests(
    rng: random.Random, deployment: Deployment, number: int, life: _Life, users: list[Any],
    keys: dict[int, list[ApiKey]], count: int,
) -> Iterator[dict[str, Any]]:  # fmt: skip
    team = rng.sample(users, 3)
    for place in range(count):
        user, made = rng.choice(team), rng.randint(20, 2000)
        yield {
            "request_id": f"{deployment.pk}-{number}-{place}", "deployment_id": deployment.pk,
            "deployment_slug": deployment.slug, "key_id": rng.choice(keys[user.pk]).pk, "user_id": user.pk,
            "path": "/v1/chat/completions", "status": 200, "outcome": "ok", "duration_s": made / 40,
            "started_at": life.ready + timedelta(seconds=rng.uniform(0, life.lit_s * 0.7)),
            "prompt_tokens": made * 8, "cached_tokens": made * 6, "completion_tokens": made,
        }  # fmt: skip

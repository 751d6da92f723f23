"""Ninety days of twenty deployments: one day of each as its engine and the gateway would have told it, rolled
up as the panel does, and the buckets of that day again for every day before."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from bench.money.rows import insert
from deployments.metrics.levels import KEPT, LEVELS
from deployments.models import (
    Account,
    Cause,
    Deployment,
    EndReason,
    MetricBucket,
    Release,
    Run,
    Sample,
    Wanted,
)
from deployments.planning.presets import GLM_5_2_FP8
from gateway.models import UsageRecord

DAY = timedelta(days=1)
BOOT_S = 275
LINE_S = 10  # an engine that works tells of it every ten seconds
_RELEASES = 6


def seed_day(until: datetime, *, deployments: int, busiest: int = 1) -> list[Deployment]:
    """Fill an empty database with the day before `until`, a midnight of UTC. `busiest` of the deployments
    work all day long, the others in six spells of 40 minutes or so."""
    rng = random.Random(20261126)
    with transaction.atomic():
        account = Account.objects.create(name="Seeded")
        made = [_deployment(account, number, until) for number in range(deployments)]
        for place, deployment in enumerate(made):
            lit = (
                [(until - DAY, until - timedelta(minutes=1))]
                if place < busiest
                else list(_spells(rng, until))
            )
            runs = Run.objects.bulk_create(
                _run(deployment, number, since, end) for number, (since, end) in enumerate(lit, 1)
            )
            insert(Sample, _samples(rng, runs))
            insert(UsageRecord, _requests(rng, deployment, runs))
    return made


def repeat(made: list[Deployment], until: datetime, days: int) -> None:
    """The same day's runs and buckets for the days before it, as long as each level is kept."""
    with transaction.atomic():
        for deployment in made:
            runs = list(deployment.runs.order_by("number"))
            for back in range(1, days):
                _repeat_day(deployment, runs, back, until)


def _repeat_day(deployment: Deployment, runs: list[Run], back: int, until: datetime) -> None:
    release = deployment.releases.get(number=max(1, _RELEASES - back * _RELEASES // 90))
    copies = Run.objects.bulk_create(_earlier(run, back, release, len(runs)) for run in runs)
    keys = {run.pk: copy.pk for run, copy in zip(runs, copies, strict=True)}
    levels = [level for level in LEVELS if DAY * (back + 1) <= KEPT[level]]
    rows = MetricBucket.objects.filter(
        deployment=deployment, level__in=levels, start__gte=int((until - DAY).timestamp())
    )
    names = [one.attname for one in MetricBucket._meta.concrete_fields if not one.primary_key]
    moved = (
        row
        | {
            "start": row["start"] - back * 86_400,
            "run_key": keys.get(row["run_key"], 0),
            "release_key": release.pk if row["run_key"] else 0,
        }
        for row in rows.order_by("level", "start").values(*names)
    )
    insert(MetricBucket, moved)


def _earlier(run: Run, back: int, release: Release, each: int) -> Run:
    moved = {
        name: getattr(run, name) - DAY * back if getattr(run, name) else None
        for name in ("first_seen_at", "started_at", "ready_at", "ended_at")
    }
    return Run(
        account=run.account, deployment=run.deployment, release=release, number=back * each + run.number,
        lit_for=run.lit_for, container_id=f"{run.container_id}-{back}", cause=run.cause, phase=run.phase,
        end_reason=run.end_reason, cost_usd=run.cost_usd, **moved,
    )  # fmt: skip


def _deployment(account: Account, number: int, until: datetime) -> Deployment:
    config = GLM_5_2_FP8.to_json() | {"app_name": f"seeded-{number}"}
    row = Deployment.objects.create(
        slug=f"seeded-{number}", name=f"Seeded {number}", account=account, config=config, wanted=Wanted.ON
    )
    made = Release.objects.bulk_create(
        Release(
            deployment=row, number=place + 1, spec=config, author_name="seed", created_at=until - DAY * 91
        )
        for place in range(_RELEASES)
    )
    row.current_release = row.live_release = made[-1]
    row.save(update_fields=["current_release", "live_release"])
    return row


def _spells(rng: random.Random, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    at = until - timedelta(hours=14)
    for _ in range(6):
        length = timedelta(minutes=rng.uniform(15, 65))
        yield at, at + length
        at += length + timedelta(minutes=rng.uniform(20, 100))


def _run(deployment: Deployment, number: int, since: datetime, end: datetime) -> Run:
    return Run(
        account=deployment.account, deployment=deployment, release=deployment.current_release, number=number,
        lit_for="seed", container_id=f"ta-{deployment.pk}-{number}", cause=Cause.LEASE, first_seen_at=since,
        started_at=since, ready_at=since + timedelta(seconds=BOOT_S), ended_at=end, phase="ready",
        end_reason=EndReason.IDLE, cost_usd=Decimal((end - since).total_seconds()) * Decimal("0.010088"),
    )  # fmt: skip


def _busy(run: Run) -> Iterator[tuple[datetime, float]]:
    """Moments ten seconds apart at which it works, with how hard; it pauses now and then."""
    rng = random.Random(run.container_id)
    at, load = run.ready_at, rng.uniform(0.2, 0.9)
    while at is not None and run.ended_at is not None and at < run.ended_at - timedelta(minutes=8):
        load = min(1.0, max(0.05, load + rng.uniform(-0.12, 0.12)))
        yield at, load
        at += timedelta(seconds=LINE_S if rng.random() < 0.99 else rng.uniform(60, 400))


def _samples(rng: random.Random, runs: list[Run]) -> Iterator[dict[str, Any]]:
    for run in runs:
        for at, load in _busy(run):
            yield {
                "run_id": run.pk, "at": at, "running": round(load * 24),
                "waiting": max(0, round(load * 30) - 24), "prompt_tokens_per_s": load * rng.uniform(300, 900),
                "generation_tokens_per_s": load * rng.uniform(300, 500), "kv_cache_use": load * 0.8,
                "prefix_hit_rate": 0.75 + rng.uniform(-0.1, 0.1),
                "acceptance_length": 3 + rng.uniform(-0.5, 0.5),
                "draft_acceptance": 0.6 + rng.uniform(-0.1, 0.1),
                "preemptions": 1 if load > 0.95 and rng.random() < 0.2 else 0,
            }  # fmt: skip


def _requests(rng: random.Random, deployment: Deployment, runs: list[Run]) -> Iterator[dict[str, Any]]:
    number = 0
    for run in runs:
        for place, (at, load) in enumerate(_busy(run)):
            if place == 0 or rng.random() < load:
                number += 1
                arrived = at + timedelta(seconds=rng.uniform(0, LINE_S))
                yield _request(rng, deployment, number, arrived, load, is_first=place == 0)


def _request(
    rng: random.Random, deployment: Deployment, number: int, at: datetime, load: float, *, is_first: bool
) -> dict[str, Any]:
    made, chance = rng.randint(20, 1500), rng.random()
    first_s = rng.uniform(15, 35) if is_first else rng.lognormvariate(-0.3 + load, 0.5)
    status = 500 if chance < 0.003 else 400 if chance < 0.01 else 200
    held_s = BOOT_S if is_first else None
    return {
        "request_id": f"{deployment.pk}-{number}", "deployment_id": deployment.pk,
        "deployment_slug": deployment.slug, "path": "/v1/chat/completions", "status": status,
        "outcome": "ok" if status == 200 else "engine_error", "stream": True,
        "started_at": at - timedelta(seconds=held_s or 0), "first_byte_s": first_s, "waited_s": held_s,
        "duration_s": (held_s or 0) + first_s + made * rng.lognormvariate(-3.7 + load / 2, 0.2),
        "prompt_tokens": made * 8, "cached_tokens": made * 6, "completion_tokens": made,
    }  # fmt: skip

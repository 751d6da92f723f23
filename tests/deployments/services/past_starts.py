"""Runs that became ready, as rows, with the phases that a test wants."""

from datetime import timedelta
from typing import Any

from deployments.models import Deployment, Phase, Release, Run
from tests.deployments.pages.states import States

USUAL = {"queued": 6, "container": 54, "weights": 71, "warmup": 126, "server": 14}


def start(
    states: States, made: Deployment, *, ago_s: float, release: Release | None = None, **seconds: float
) -> Run:
    """One first seen `ago_s` ago that was lit for ten minutes and went out idle; phases of 0 are skipped."""
    took = {name: s for name, s in (USUAL | seconds).items() if s}
    order = [n for n in ("queued", "container", "download", "weights", "warmup", "server") if n in took]
    seen, number = states.ago(ago_s), made.runs.count() + 1
    ready = seen + timedelta(seconds=sum(took.values()))
    run = Run.objects.create(
        account=made.account, deployment=made, release=release or made.current_release, number=number,
        container_id=f"ta-{made.slug}-{number}", cause="lease", lit_for="Ada", first_seen_at=seen,
        started_at=seen + timedelta(seconds=took["queued"]), ready_at=ready,
        ended_at=ready + timedelta(minutes=10), end_reason="idle", phase="ready",
    )  # fmt: skip
    at, phases = seen, []
    for name in order:
        phases.append(Phase(run=run, name=name, started_at=at))
        at += timedelta(seconds=took[name])
    Phase.objects.bulk_create([*phases, Phase(run=run, name="ready", started_at=ready)])
    return run


def history(
    states: States, made: Deployment, count: int, *, ago_s: float = 900_000, **more: Any
) -> list[Run]:
    """So many starts, an hour apart, the first `ago_s` ago; each a little different."""
    return [
        start(states, made, ago_s=ago_s - n * 3600, weights=71 + n % 4, warmup=126 + n % 3, **more)
        for n in range(count)
    ]


def second_release(made: Deployment) -> Release:
    """A release after the first, which is the current one from now on."""
    release = Release.objects.create(
        deployment=made, number=2, spec=made.config, author_name="Ada", created_at=made.created_at
    )
    made.current_release = made.live_release = release
    made.save(update_fields=["current_release", "live_release"])
    return release

"""Rows of what was measured: samples of a run, and requests as the gateway writes them."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from deployments.models import Account, Deployment, Release, Run, Sample
from deployments.planning.presets import GLM_5_2_FP8
from gateway.models import UsageRecord

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
_ids = count()


def deployment(slug: str = "measured") -> Deployment:
    config = GLM_5_2_FP8.to_json() | {"app_name": slug}
    account, _ = Account.objects.get_or_create(name="Modal", defaults={"token_id": "ak-1"})
    made = Deployment.objects.create(slug=slug, name="Measured", account=account, config=config)
    made.current_release = Release.objects.create(
        deployment=made, number=1, spec=config, author_name="Anna", created_at=NOON - timedelta(days=9)
    )
    made.save(update_fields=["current_release"])
    return made


def run(of: Deployment, since: datetime, until: datetime | None = None, **more: Any) -> Run:
    number = of.runs.count() + 1
    ended = {"ended_at": until, "end_reason": "idle"} if until else {}
    return Run.objects.create(
        account=of.account, deployment=of, release=of.current_release, number=number,
        container_id=f"ta-{of.pk}-{number}", cause="lease", phase="ready", first_seen_at=since,
        started_at=since, ready_at=since + timedelta(seconds=60), **ended, **more,
    )  # fmt: skip


def sample(of: Run, at: datetime, **more: Any) -> Sample:
    told = {
        "running": 2, "waiting": 1, "prompt_tokens_per_s": 100.0, "generation_tokens_per_s": 40.0,
        "kv_cache_use": 0.5, "prefix_hit_rate": 0.9,
    }  # fmt: skip
    return Sample.objects.create(run=of, at=at, **(told | more))


def request(of: Deployment, at: datetime, **more: Any) -> UsageRecord:
    told = {
        "path": "/v1/chat/completions", "status": 200, "outcome": "ok", "stream": True, "first_byte_s": 0.5,
        "duration_s": 10.5, "prompt_tokens": 1000, "cached_tokens": 800, "completion_tokens": 101,
    }  # fmt: skip
    return UsageRecord.objects.create(
        request_id=f"req-{next(_ids)}", deployment_id=of.pk, deployment_slug=of.slug, started_at=at,
        **(told | more),
    )  # fmt: skip

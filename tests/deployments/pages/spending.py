"""Runs with requests and people, settled: what a costs page is made of."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model

from deployments.models import Account, Deployment, Lease, Run
from deployments.services import settle
from gateway.models import ApiKey, UsageRecord

from .states import States


class Spending:
    """Makes ended runs at known times."""

    def __init__(self, states: States) -> None:
        self.states = states
        users = get_user_model().objects
        self.people = {name: users.create_user(f"{name}-pays", first_name=name) for name in ("Anna", "Ben")}
        self.key = ApiKey.objects.create(
            owner=self.people["Ben"], name="laptop", prefix="pl_", secret_hash="x", created_at=states.now
        )

    def deployment(self, slug: str, name: str) -> Deployment:
        found = Deployment.objects.filter(slug=slug).first() or self.states.asleep(slug, name)
        Deployment.objects.filter(pk=found.pk).update(created_at=datetime(2026, 6, 1, tzinfo=UTC))
        return found

    def run(self, at: str, *, hours: float, slug: str = "glm", who: str = "Anna", **more: Any) -> Run:
        """A run that was ready at once, lit for so many hours, under a lease of `who`."""
        start = datetime.fromisoformat(at).replace(tzinfo=UTC)
        end = start + timedelta(hours=hours)
        made = self.deployment(slug, {"glm": "GLM-5.2 FP8", "coder": "Coder"}[slug])
        lease = self.lease(made, who, start, end) if "lease" not in more else None
        fields = {
            "ready_at": start,
            "end_reason": "idle",
            "cause": "lease",
            "lease": lease,
            "lit_for": who,
        } | more
        number = made.runs.count() + 1
        return Run.objects.create(
            account=Account.objects.get(), deployment=made, release=made.current_release, number=number,
            container_id=f"ta-{slug}-{number}", first_seen_at=start,
            started_at=start, ended_at=end, **fields,
        )  # fmt: skip

    def lease(self, made: Deployment, who: str, start: datetime, end: datetime) -> Lease:
        return Lease.objects.create(
            deployment=made, holder=self.people[who], holder_name=who, via="page", created_at=start,
            ended_at=end, end_reason="idle",
        )  # fmt: skip

    def request(self, run: Run, *, after_s: float, length_s: float, who: str = "Ben") -> None:
        assert run.started_at
        UsageRecord.objects.create(
            request_id=f"r{UsageRecord.objects.count()}", deployment_id=run.deployment_id,
            deployment_slug=run.deployment.slug, user=self.people[who],
            key=self.key if who == "Ben" else None, path="/v1/chat/completions", status=200, outcome="ok",
            started_at=run.started_at + timedelta(seconds=after_s), duration_s=length_s, prompt_tokens=900,
            cached_tokens=100, completion_tokens=400,
        )  # fmt: skip

    def month(self) -> None:
        """November 2026: six runs of two deployments, two people, one over midnight, one that failed."""
        for day in (2, 3, 5):
            run = self.run(f"2026-11-{day:02}T09:00", hours=1.7)
            self.request(run, after_s=600, length_s=333)
            self.request(run, after_s=700, length_s=77, who="Anna")
        coder = self.run("2026-11-09T23:10", hours=1.9, slug="coder", who="Ben")
        self.request(coder, after_s=100, length_s=1000.123)
        self.run("2026-11-12T07:00", hours=0.1, end_reason="boot_failed", ready_at=None)
        self.run("2026-11-16T07:00", hours=0.5, cause="outside", lease=None, lit_for="")
        Run.objects.update(cost_usd=Decimal(0))
        settle.settle_ended(now=datetime(2026, 12, 1, tzinfo=UTC))

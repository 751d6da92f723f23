"""Old lines go by age and by number; what explains a failure stays longer."""

from datetime import UTC, datetime, timedelta

import pytest

from deployments.models import Account, Deploy, Deployment, Finding, LogLine, Release, Run
from deployments.planning.presets import GLM_5_2_FP8
from deployments.services import retention

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class Kept:
    """A deployment with runs and lines of any age."""

    def __init__(self, settings):
        settings.LOG_KEEP_DAYS, settings.LOG_KEEP_FAILED_DAYS, settings.LOG_KEEP_LINES = 30, 90, 1000
        account, _ = Account.objects.get_or_create(name="Cloud")
        count = Deployment.objects.count()
        self.deployment = Deployment.objects.create(
            slug=f"glm-{count}", name="GLM", account=account, config=GLM_5_2_FP8.to_json()
        )

    def run(self, end_reason):
        number = Run.objects.count() + 1
        return Run.objects.create(
            account=self.deployment.account, deployment=self.deployment, number=number, cause="lease",
            container_id=f"ta-{number}", first_seen_at=NOW, ended_at=NOW, end_reason=end_reason,
        )  # fmt: skip

    def line(self, text, days, **more):
        at = NOW - timedelta(days=days)
        return LogLine.objects.create(
            deployment=self.deployment, at=at, source="engine", text=text, fingerprint=text, **more
        )

    def left(self):
        return [line.text for line in LogLine.objects.filter(deployment=self.deployment)]


@pytest.fixture
def kept(db, settings):
    return Kept(settings)


def test_lines_go_by_age_and_those_of_failures_later(kept):
    slept, died = kept.run("slept"), kept.run("engine_died")
    release = Release.objects.create(deployment=kept.deployment, number=1, spec={}, created_at=NOW)
    Deploy.objects.create(deployment=kept.deployment, release=release, status="failed", created_at=NOW)
    kept.line("died long ago", 91, run=died)
    kept.line("slept", 31, run=slept)
    kept.line("died", 31, run=died)
    kept.line("deploy failed", 31, release=release)
    kept.line("panel", 31)
    kept.line("new", 29, run=slept)
    assert retention.prune_lines(NOW) == 3
    assert kept.left() == ["died", "deploy failed", "new"]
    assert retention.prune_lines(NOW) == 0


def test_lines_go_by_number_and_only_of_the_deployment_that_has_too_many(kept, settings):
    settings.LOG_KEEP_LINES = 3
    other, died = Kept(settings), kept.run("boot_failed")
    settings.LOG_KEEP_LINES = 3
    other.line("other", 2)
    for n in range(3):
        kept.line(f"died {n}", 2, run=died)
    for n in range(5):
        kept.line(f"line {n}", 1)
    assert retention.prune_lines(NOW) == 4
    assert kept.left() == ["died 2", "line 2", "line 3", "line 4"]  # failures: up to twice the number
    assert other.left() == ["other"]


def test_what_a_finding_points_at_stays_and_so_does_what_may_be_read_again(kept, settings):
    settings.LOG_KEEP_LINES = 1
    told = kept.line("evidence", 400)
    Finding.objects.create(
        deployment=kept.deployment, line=told, code="x", level="error", depth=0, title="t", cause="c",
        remedy="r", at=NOW,
    )  # fmt: skip
    kept.line("old", 400)
    for n in range(3):
        kept.line(f"fresh {n}", 0.005)
    retention.prune_lines(NOW)
    assert kept.left() == ["evidence", "fresh 0", "fresh 1", "fresh 2"]


def test_it_works_in_small_batches_and_ends_in_time(kept, monkeypatch):
    monkeypatch.setattr(retention, "_BATCH", 2)
    for n in range(6):
        kept.line(f"line {n}", 40)
    ticks = iter([0.0, 1.0, 2.0, 50.0])
    assert retention.prune_lines(NOW, budget_s=40, clock=lambda: next(ticks)) == 4
    assert kept.left() == ["line 4", "line 5"]
    assert retention.prune_lines(NOW) == 2

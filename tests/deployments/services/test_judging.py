"""Starts that took much longer than usual: flagged once, with the cause, told while it is news."""

import pytest
from django.utils import timezone

from deployments.models import Finding, Notice, Run, SlowPhase
from deployments.services import judging
from tests.deployments.pages.states import States

from .past_starts import history, start

NO_PREFETCH = (
    "(Worker_TP0 pid=90) WARNING 11-24 09:01:04 [weight_utils.py:1094] Auto-prefetch is disabled because the "
    "filesystem (9P) is not a recognized network FS (NFS/Lustre)."
)


@pytest.fixture
def states(db: None) -> States:
    return States(timezone.now())


def test_slow_start_is_flagged_with_its_cause_and_told_once(states: States) -> None:
    made = states.asleep("glm", "GLM")
    history(states, made, 12)
    run = start(states, made, ago_s=800, weights=435)
    Finding.objects.create(
        deployment=made, run=run, code="no-prefetch", level="warning", depth=1, title="t", cause="c",
        remedy="r", evidence=NO_PREFETCH, at=run.first_seen_at,
    )  # fmt: skip
    assert judging.judge_due(now=states.now) == 13
    (slow,) = SlowPhase.objects.all()
    assert (slow.run, slow.phase, slow.starts, slow.of_release) == (run, "weights", 12, True)
    assert (slow.cause, slow.evidence) == ("prefetch did not happen", NO_PREFETCH)
    (notice,) = Notice.objects.all()
    assert notice.kind == "slow"
    assert notice.text == (
        "GLM woke slowly: weights 6.0 × slower than usual (7 min 15 s instead of 1 min 12 s): "
        "prefetch did not happen."
    )
    assert "12 starts of its release" in notice.more
    assert judging.judge_due(now=states.now) == 0


def test_old_starts_are_compared_and_not_told(states: States) -> None:
    made = states.asleep("glm", "GLM")
    history(states, made, 6)
    start(states, made, ago_s=9000, warmup=600)
    assert judging.judge_due(now=states.now) == 7
    (slow,) = SlowPhase.objects.all()
    assert (slow.phase, slow.cause) == ("warmup", "")  # no line says why: nothing is guessed
    assert not Notice.objects.exists()


def test_line_of_its_log_tells_why(states: States) -> None:
    made = states.asleep("glm", "GLM")
    history(states, made, 6)
    run = start(states, made, ago_s=9000, download=900)
    line = "(Worker_TP0 pid=90) INFO 11-24 09:01:04 [x.py:1] Time spent downloading weights for GLM: 9 s"
    states.log(made, run, ("He said: Time spent downloading weights for a living", line))
    run.log_lines.update(at=run.first_seen_at)
    judging.judge_due(now=states.now)
    slow = SlowPhase.objects.get()
    assert (slow.phase, slow.evidence) == ("download", line)
    assert slow.cause == "the weights were not in the volume and were fetched"


def test_too_little_history_and_fresh_or_unread_starts_are_left_alone(states: States) -> None:
    made = states.asleep("glm", "GLM")
    history(states, made, 4)
    start(states, made, ago_s=9000, weights=4000)  # four before it
    unread = start(states, made, ago_s=5000, container=3000)
    unread.phases.exclude(name__in=["queued", "container", "ready"]).delete()
    fresh = start(states, made, ago_s=280)
    assert judging.judge_due(now=states.now) == 6
    assert not SlowPhase.objects.exists()
    assert Run.objects.get(judged_at=None) == fresh  # its last lines may still come

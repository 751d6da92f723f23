"""A lit server whose requests fail is called degraded, and told, once a spell."""

from datetime import timedelta

import pytest

from deployments.models import Notice
from deployments.planning.power import SYSTEM
from deployments.public import note_engine_failure
from deployments.services import health, status

from . import measured
from .measured import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def served():
    made = measured.deployment()
    made.app_id, made.observed_at = "ap-1", NOON
    made.save(update_fields=["app_id", "observed_at"])
    made.account.seen_at = NOON
    made.account.save(update_fields=["seen_at"])
    return made


def ask(served, *seconds: float, status: int = 200, outcome: str = "ok") -> None:
    for second in seconds:
        at = NOON + timedelta(seconds=second)
        measured.request(served, at, duration_s=0.5, status=status, outcome=outcome)
        if outcome in ("engine_error", "engine_lost"):
            note_engine_failure(served.pk, at, "It answered 500 to /v1/chat/completions.")


def judged(served, second: float):
    """Judge then, and say since which second it is degraded."""
    health.go_round(now=NOON + timedelta(seconds=second))
    served.refresh_from_db()
    return served.degraded_since and (served.degraded_since - NOON).total_seconds()


def test_a_spell_begins_is_told_once_and_ends(served):
    measured.run(served, NOON - timedelta(hours=1))
    ask(served, 0, 1)
    ask(served, 2, 4, status=500, outcome="engine_error")
    assert judged(served, 6) == 2.5
    view = status.status_of(served, actor=SYSTEM, now=NOON + timedelta(seconds=6))
    assert (view.state, view.since) == ("degraded", served.degraded_since)
    assert "2 of 4 requests failed in the last minute. It answered 500" in str(view.sentence)
    (told,) = Notice.objects.filter(kind="degraded")
    assert (told.text, told.deployment) == ("Measured is lit, but requests fail.", served)
    assert told.facts == {"run": 1, "since": "2026-11-26T12:00:02.500000+00:00", "failed": 2, "ended": 4}
    ask(served, 10, 12, 14)
    assert judged(served, 20) == 2.5
    assert judged(served, 36) is None
    assert Notice.objects.filter(kind="degraded").count() == 1
    assert status.status_of(served, actor=SYSTEM, now=NOON + timedelta(seconds=20)).state == "ready"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(400, "engine_error"), (422, "engine_error"), (403, "refused"), (499, "client_left"), (503, "cut")],
)
def test_what_is_not_the_servers_fault_does_not_count(served, status, outcome):
    measured.run(served, NOON - timedelta(hours=1))
    note_engine_failure(served.pk, NOON, "so that it is looked at")
    ask(served, 0, 1, 2, 3, status=status, outcome=outcome)
    assert judged(served, 6) is None


def test_an_error_in_the_middle_of_a_stream_counts(served):
    measured.run(served, NOON - timedelta(hours=1))
    ask(served, 0, 1, outcome="engine_error")
    assert judged(served, 6) is not None


def test_a_new_life_begins_well(served):
    run = measured.run(served, NOON - timedelta(hours=1))
    ask(served, 0, 1, status=502, outcome="engine_lost")
    assert judged(served, 6) == 0.5
    run.ended_at, run.end_reason = NOON + timedelta(seconds=8), "slept"
    run.save(update_fields=["ended_at", "end_reason"])
    assert judged(served, 10) is None
    measured.run(served, NOON - timedelta(seconds=50))  # ready at second 10
    assert judged(served, 12) is None


def test_where_nothing_failed_lately_the_round_costs_one_query(served, django_assert_num_queries):
    measured.run(served, NOON - timedelta(hours=1))
    with django_assert_num_queries(1):
        health.go_round(now=NOON)

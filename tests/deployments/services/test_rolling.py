"""What is measured becomes buckets: the same however often it is done, and none is left out."""

import random
from datetime import timedelta
from math import ceil
from typing import Any

import pytest

from deployments.metrics import histogram
from deployments.metrics.bucket import unpacked
from deployments.models import MetricBucket, MetricRound
from deployments.services import rolling
from deployments.services.claims import Claim
from deployments.services.rolling import roll_up

from . import measured
from .measured import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def served():
    return measured.deployment()


@pytest.fixture
def lit(served):
    return measured.run(served, NOON - timedelta(hours=3))


def everything() -> list[dict[str, Any]]:
    """All buckets, but for their primary keys."""
    names = [one.attname for one in MetricBucket._meta.concrete_fields if not one.primary_key]
    return list(MetricBucket.objects.order_by("deployment", "level", "start", "run_key").values(*names))


def buckets(level: int) -> list[MetricBucket]:
    return list(MetricBucket.objects.filter(level=level).order_by("start", "run_key"))


def test_every_level_has_what_was_measured(served, lit):
    for second in (0, 10, 20, 70):
        measured.sample(lit, NOON + timedelta(seconds=second), running=second // 10)
    measured.request(served, NOON + timedelta(seconds=3))
    measured.request(served, NOON + timedelta(seconds=65), status=500, outcome="engine_error", stream=False)
    assert roll_up(now=NOON)
    assert [(row.samples, row.answered, row.engine_errors) for row in buckets(10)] == [
        (1, 1, 0), (1, 0, 0), (1, 0, 0), (0, 0, 1), (1, 0, 0),
    ]  # fmt: skip
    assert [(row.samples, row.running_sum, row.running_max) for row in buckets(60)] == [(3, 3, 2), (1, 7, 7)]
    for level in (3600, 86_400):
        (row,) = buckets(level)
        assert (row.samples, row.running_sum, row.running_max) == (4, 10, 7)
        assert (row.answered, row.engine_errors, row.completion_tokens) == (1, 1, 202)
        assert (row.run_key, row.release_key) == (lit.pk, served.current_release_id)
        assert {name: sum(found.values()) for name, found in unpacked(row.histograms).items()} == {
            "ttft": 1, "token": 1, "whole": 1,
        }  # fmt: skip


def test_the_percentiles_of_a_day_are_right_within_the_stated_error(served, lit):
    rng = random.Random(6)
    waits = [rng.lognormvariate(0, 1.5) for _ in range(300)]
    for place, seconds in enumerate(waits):
        measured.request(served, NOON + timedelta(seconds=11 * place), first_byte_s=seconds)
    assert roll_up(now=NOON)
    (day,) = buckets(86_400)
    told = histogram.percentiles(unpacked(day.histograms)["ttft"], (0.5, 0.95, 0.99))
    for share, seconds in zip((0.5, 0.95, 0.99), told, strict=True):
        exact = sorted(waits)[ceil(share * len(waits)) - 1]
        assert seconds == pytest.approx(exact, rel=histogram.ERROR)


def test_rolling_up_again_changes_nothing(served, lit, django_assert_max_num_queries):
    for second in range(0, 200, 7):
        measured.sample(lit, NOON + timedelta(seconds=second), kv_cache_use=0.1 * second / 7)
        measured.request(served, NOON + timedelta(seconds=second), first_byte_s=0.01 * second)
    assert roll_up(now=NOON)
    first = everything()
    MetricRound.objects.all().delete()  # as if it never was done
    assert roll_up(now=NOON)
    assert everything() == first
    with django_assert_max_num_queries(22):
        assert roll_up(now=NOON + timedelta(seconds=10))
    assert everything() == first


@pytest.mark.parametrize("late_s", [5, 90, 7200])
def test_a_row_that_comes_late_is_counted(served, lit, late_s):
    measured.request(served, NOON)
    for later in (0, 30, 60, 90):
        roll_up(now=NOON + timedelta(seconds=later))
    measured.request(served, NOON - timedelta(seconds=late_s))
    measured.sample(lit, NOON - timedelta(seconds=late_s))
    assert roll_up(now=NOON + timedelta(seconds=100))
    (day,) = buckets(86_400)
    assert (day.answered, day.samples) == (2, 1)


def test_a_row_that_is_seen_after_one_with_a_higher_id_is_counted(served, lit):
    """On PostgreSQL a transaction that began earlier may be seen later."""
    slow = measured.request(served, NOON)
    slow_id = slow.pk
    slow.delete()
    measured.request(served, NOON + timedelta(seconds=1))
    roll_up(now=NOON)
    roll_up(now=NOON + timedelta(seconds=10))
    late = measured.request(served, NOON)
    type(late).objects.filter(pk=late.pk).update(id=slow_id)
    assert roll_up(now=NOON + timedelta(seconds=19))
    assert buckets(86_400)[0].answered == 2


def test_after_a_long_pause_it_catches_up_in_bounded_rounds(served, lit, monkeypatch):
    monkeypatch.setattr(rolling, "BATCH_ROWS", 10)
    for minute in range(25):
        measured.request(served, NOON - timedelta(minutes=minute))
    assert not roll_up(now=NOON, patience_s=0)
    assert sum(row.answered for row in buckets(10)) == 10
    assert roll_up(now=NOON + timedelta(seconds=21), patience_s=60)
    assert sum(row.answered for row in buckets(86_400)) == 25


def test_a_held_request_belongs_to_the_run_that_answered_it(served):
    old = measured.run(served, NOON - timedelta(hours=1), NOON - timedelta(minutes=10))
    new = measured.run(served, NOON + timedelta(seconds=20))
    measured.request(served, NOON, waited_s=280.0, duration_s=290.0)
    measured.request(served, NOON - timedelta(minutes=15))
    measured.request(served, NOON - timedelta(minutes=5), status=403, outcome="refused")
    roll_up(now=NOON)
    assert {(row.run_key, row.answered, row.refused) for row in buckets(60)} == {
        (new.pk, 1, 0), (old.pk, 1, 0), (0, 0, 1),
    }  # fmt: skip


def test_a_line_of_speculation_alone_is_no_idle_moment(lit):
    measured.sample(lit, NOON)
    measured.sample(
        lit, NOON + timedelta(seconds=1), running=0, waiting=0, prompt_tokens_per_s=None,
        generation_tokens_per_s=None, kv_cache_use=None, prefix_hit_rate=None, acceptance_length=3.2,
        draft_acceptance=0.46,
    )  # fmt: skip
    roll_up(now=NOON)
    (row,) = buckets(60)
    assert (row.samples, row.running_sum, row.lengths, row.length_sum) == (1, 2, 1, 3.2)
    assert (row.drafts, row.acceptance_sum) == (1, 0.46)


def test_old_buckets_go_level_by_level_and_what_they_made_stays(served, lit):
    measured.request(served, NOON)
    roll_up(now=NOON)
    roll_up(now=NOON + timedelta(days=4))
    assert (len(buckets(10)), len(buckets(60)), len(buckets(3600))) == (0, 1, 1)
    roll_up(now=NOON + timedelta(days=20))
    assert (len(buckets(60)), len(buckets(3600)), len(buckets(86_400))) == (0, 1, 1)
    measured.request(served, NOON)  # far too late: half of its minute is gone
    roll_up(now=NOON + timedelta(days=20, hours=2))
    assert [row.answered for row in buckets(86_400)] == [1]


def test_while_one_worker_rolls_up_another_leaves_it(served, lit):
    measured.request(served, NOON)
    MetricRound.objects.create(pk=1)
    assert Claim(MetricRound, 1, "roll").take()
    assert not roll_up(now=NOON)
    assert not buckets(10)

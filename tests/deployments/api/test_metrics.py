"""Series over REST: names, gaps, bounds."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine

from deployments.metrics.histogram import ERROR
from deployments.models import Deployment
from deployments.services.rolling import roll_up
from tests.deployments.services import measured
from tests.deployments.services.measured import NOON

from .callers import Caller, ok

PATH = "/deployments/measured/metrics"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def reader(caller: Callable[..., Caller]) -> Any:
    """Reads, an hour after noon."""
    with time_machine.travel(NOON + 60 * MINUTE, tick=False):
        yield caller()


@pytest.fixture
def served(db: None) -> Deployment:
    """Lit for ten minutes from noon on, asleep since; 3 requests in the third minute, one refused later."""
    made = measured.deployment()
    run = measured.run(made, NOON, NOON + 10 * MINUTE, cost_usd="6.00")
    for place in range(3):
        at = NOON + 2 * MINUTE + timedelta(seconds=10 * place)
        measured.sample(run, at, generation_tokens_per_s=20.0 + 10 * place, running=place)
        measured.request(made, at, first_byte_s=0.5 + place)
    measured.request(made, NOON + 30 * MINUTE, status=403, outcome="refused", completion_tokens=None)
    roll_up(now=NOON + 60 * MINUTE)
    return made


def asked(reader: Caller, status: int = 200, **more: Any) -> Any:
    told = {"from": NOON.isoformat(), "to": (NOON + 60 * MINUTE).isoformat(), "step": 60} | more
    return ok(reader("get", f"{PATH}?{urlencode(told)}"), status)


def test_series_have_values_where_it_was_lit_and_gaps_where_it_was_asleep(reader, served):
    found = asked(reader)
    told = found["series"]
    assert {len(values) for values in told.values()} == {60} == {len(found["times"])}
    assert found["times"][:2] == ["2026-11-26T12:00:00Z", "2026-11-26T12:01:00Z"]
    assert told["generation_tokens_per_s"][:4] == [None, 0, 30, 0]  # still booting; idle; busy; idle
    assert told["generation_tokens_per_s"][10:] == [None] * 50
    assert told["requests_running_max"][2] == 2
    assert told["kv_cache_use_share"][1:4] == [None, 0.5, None]
    assert told["ttft_p50_s"][2] == pytest.approx(1.5, rel=ERROR)
    assert told["ttft_p99_s"][2] == pytest.approx(2.5, rel=ERROR)
    assert told["inter_token_p50_s"][2] == pytest.approx(0.09, rel=ERROR)  # (10.5 - 1.5) s for 100 tokens
    assert told["requests_answered_count"][1:4] == [0, 3, 0]
    assert (told["requests_refused_count"][30], told["requests_refused_count"][31]) == (1, None)
    assert told["cost_usd"][2] == pytest.approx(0.6)
    assert told["completion_tokens_per_usd"][1:3] == [0, pytest.approx(505)]  # 3 x 101 for 0.60
    assert found["whole"]["completion_tokens_per_usd"] == pytest.approx(50.5)
    assert found["percentile_error_share"] == round(ERROR, 4)
    assert [run["number"] for run in found["runs"]] == [1]


def test_a_coarser_step_tells_the_same_sums(reader, served):
    fine, coarse = asked(reader, step=10)["series"], asked(reader, step=3600)["series"]
    for name in ("requests_answered_count", "completion_tokens_count", "cost_usd"):
        assert coarse[name] == [pytest.approx(sum(value or 0 for value in fine[name]))]
    assert coarse["ttft_p99_s"] == [pytest.approx(2.5, rel=ERROR)]


def test_one_run_or_one_release_alone(reader, served):
    run = served.runs.get()
    assert sum(filter(None, asked(reader, run=run.pk)["series"]["requests_answered_count"])) == 3
    assert sum(filter(None, asked(reader, release=1)["series"]["requests_answered_count"])) == 3
    assert not any(asked(reader, run=run.pk)["series"]["requests_refused_count"])
    for nothing in ({"run": 99_999}, {"release": 7}):
        found = asked(reader, **nothing)
        assert not found["runs"]
        assert not any(filter(None, found["series"]["requests_answered_count"]))


def test_left_out_it_is_the_last_day_in_at_most_five_hundred_points(reader, served):
    found = reader.get(PATH)
    assert (found["step_s"], found["bucket_s"], len(found["times"])) == (300, 60, 288)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"from": "2026-11-26T13:00:00Z", "to": "2026-11-26T12:00:00Z"}, "from"),
        ({"from": "2026-11-26T12:00:00Z", "to": "2026-11-26T12:00:00Z"}, "from"),
        ({"from": "yesterday"}, "from"),
        ({"to": "2026-12-26T12:00:00Z"}, "to"),
        ({"from": "2016-11-26T12:00:00Z"}, "from"),
        ({"step": 7}, "step"),
        ({"step": "x"}, "step"),
        ({"from": "2026-11-20T12:00:00Z", "step": 60}, "step"),  # 8,700 points
        ({"from": "2026-11-20T12:00:00Z", "to": "2026-11-20T12:30:00Z", "step": 10}, "step"),  # not kept
        ({"run": 0}, "run"),
    ],
)
def test_a_range_that_cannot_be_is_refused_by_field(reader, served, wrong, field):
    refused = asked(reader, status=422, **wrong)
    assert list(refused["fields"]) == [field]


def test_the_number_of_queries_does_not_grow(reader, served, django_assert_max_num_queries):
    with django_assert_max_num_queries(14):
        asked(reader)

"""`GET /usage`: requests and tokens by day, deployment, person and key."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from deployments.planning.power import Role
from gateway.models import ApiKey, UsageRecord
from tests.deployments.pages.spending import Spending
from tests.deployments.pages.states import States

from .callers import Caller

Make = Callable[..., Caller]
RANGE = "from=2026-11-01&to=2026-11-30"


@pytest.fixture
def spending(states: States) -> Spending:
    made = Spending(states)
    made.month()
    return made


def test_requests_and_tokens_are_summed(caller: Make, spending: Spending) -> None:
    answer = caller(Role.VIEWER).get(f"/usage?{RANGE}")
    (whole,) = answer["items"]
    assert (whole["requests"], whole["answered"]) == (7, 7)
    assert (whole["prompt_tokens"], whole["cached_tokens"], whole["completion_tokens"]) == (6300, 700, 2800)
    assert whole["day"] is None
    assert answer["to"] == "2026-12-01T00:00:00Z"


def test_groups_tell_who_and_with_which_key(caller: Make, spending: Spending) -> None:
    items = caller(Role.VIEWER).get(f"/usage?{RANGE}&group=person,key,deployment")["items"]
    told = {(one["person"], one["key"], one["deployment"]): one["requests"] for one in items}
    assert told == {
        ("Anna", None, "glm"): 3,
        ("Ben", "laptop", "coder"): 1,
        ("Ben", "laptop", "glm"): 3,
    }


def test_the_playgrounds_tokens_are_no_keys(caller: Make, spending: Spending) -> None:
    soon = spending.states.now + timedelta(hours=1)
    ApiKey.objects.filter(name="laptop").update(internal=True, expires_at=soon)
    items = caller(Role.VIEWER).get(f"/usage?{RANGE}&group=key")["items"]
    assert [(one["key_id"], one["requests"]) for one in items] == [(None, 7)]


def test_days_are_those_of_the_zone(caller: Make, spending: Spending) -> None:
    ask = caller(Role.VIEWER).get
    days = {one["day"] for one in ask(f"/usage?{RANGE}&group=day")["items"]}
    assert days == {"2026-11-02", "2026-11-03", "2026-11-05", "2026-11-09"}
    berlin = {one["day"] for one in ask(f"/usage?{RANGE}&group=day&time_zone=Europe/Berlin")["items"]}
    assert "2026-11-10" in berlin


def test_limited_key_sees_its_deployments(caller: Make, spending: Spending) -> None:
    items = caller(deployments=["coder"]).get(f"/usage?{RANGE}&group=deployment")["items"]
    assert [one["deployment"] for one in items] == ["coder"]


def test_it_costs_few_queries(caller: Make, spending: Spending, django_assert_max_num_queries: Any) -> None:
    viewer = caller(Role.VIEWER)
    with django_assert_max_num_queries(12):
        viewer.get(f"/usage?{RANGE}&group=day,deployment,person,key")


@pytest.mark.parametrize(("query", "field"), [("group=part", "group"), ("from=2026-11-01T00:00:00", "from")])
def test_what_makes_no_sense_is_refused_by_name(caller: Make, states: States, query: str, field: str) -> None:
    response: Any = caller(Role.VIEWER)("get", f"/usage?{query}")
    assert response.status_code == 422
    assert field in response.json()["fields"]
    assert not UsageRecord.objects.exists()

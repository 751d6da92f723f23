"""`GET /costs`: sums that agree, by any grouping."""

import itertools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from deployments.models import Account, Run
from deployments.planning.power import Role
from deployments.services import settle
from tests.deployments.pages.spending import Spending
from tests.deployments.pages.states import States

from .callers import Caller

Make = Callable[..., Caller]
RANGE = "from=2026-11-01&to=2026-11-30"


@pytest.fixture
def spending(states: States) -> Spending:
    return Spending(states)


def test_every_grouping_comes_to_the_same_total(caller: Make, spending: Spending) -> None:
    spending.month()
    viewer = caller(Role.VIEWER)
    whole = viewer.get(f"/costs?{RANGE}")["total"]["cost_usd"]
    assert Decimal(whole) == sum(run.cost_usd or 0 for run in Run.objects.all()) > 0
    names = ("day", "deployment", "person", "key", "part")
    for count in range(1, 6):
        for groups in itertools.combinations(names, count):
            answer = viewer.get(f"/costs?{RANGE}&group={','.join(groups)}")
            assert sum(Decimal(item["cost_usd"]) for item in answer["items"]) == Decimal(whole), groups
            assert answer["total"]["cost_usd"] == whole


def test_an_item_says_what_it_was_grouped_by(caller: Make, spending: Spending) -> None:
    spending.month()
    answer = caller(Role.VIEWER).get(f"/costs?{RANGE}&group=person,key,part")
    ben = [item for item in answer["items"] if item["person"] == "Ben" and item["key"] == "laptop"]
    assert {item["part"] for item in ben} <= {"boot", "use", "idle"}
    assert {item["day"] for item in answer["items"]} == {None}
    assert answer["estimate"] is True
    assert answer["billed_usd"] is None
    assert answer["from"] == "2026-11-01T00:00:00Z"
    assert answer["to"] == "2026-12-01T00:00:00Z"


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu"])
def test_days_are_those_of_the_zone(caller: Make, spending: Spending, zone: str) -> None:
    """A run from 23:00 to 01:00 in UTC."""
    spending.run("2026-11-10T23:00", hours=2)
    settle.settle_ended()
    answer = caller(Role.VIEWER).get(f"/costs?{RANGE}&group=day&time_zone={zone}")
    days = {item["day"]: Decimal(item["cost_usd"]) for item in answer["items"]}
    hour = Decimal(answer["total"]["cost_usd"]) / 2
    if zone == "UTC":
        assert days == {"2026-11-10": hour, "2026-11-11": hour}
    else:
        assert days == {"2026-11-11": 2 * hour}


def test_what_is_lit_now_counts_until_now(caller: Make, states: States) -> None:
    states.ready()
    Run.objects.filter(ended_at__isnull=False).delete()
    answer = caller(Role.VIEWER).get("/costs?group=part")
    assert answer["live_runs"] == 1
    assert {item["part"] for item in answer["items"]} == {"boot", "use", "idle"}


def test_a_run_without_a_price_is_said_to_be_missing(caller: Make, states: States) -> None:
    from deployments.models import Price

    states.ready()
    Price.objects.all().delete()
    Run.objects.filter(ended_at__isnull=False).delete()
    answer = caller(Role.VIEWER).get("/costs")
    assert (answer["unpriced_runs"], answer["total"]["cost_usd"]) == (1, "0")


def test_limited_key_sees_the_money_of_its_deployments(caller: Make, spending: Spending) -> None:
    spending.month()
    limited = caller(deployments=["coder"])
    found = limited.get(f"/costs?{RANGE}&group=deployment")
    assert [item["deployment"] for item in found["items"]] == ["coder"]
    response: Any = limited("get", f"/costs?{RANGE}&deployment=glm")
    assert response.status_code == 404
    assert Account.objects.exists()


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("group=weather", "group"),
        ("from=yesterday", "from"),
        ("from=2026-13-01", "from"),
        ("from=2026-11-05&to=2026-11-01", "from"),
        ("from=2020-01-01&to=2026-11-01", "from"),
        ("to=1066-10-14", "to"),
        ("time_zone=Mars/Olympus", "time_zone"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(caller: Make, states: States, query: str, field: str) -> None:
    response: Any = caller(Role.VIEWER)("get", f"/costs?{query}")
    assert response.status_code == 422, response.content
    assert field in response.json()["fields"]


def test_instants_are_taken_to_the_quarter_hour(caller: Make, spending: Spending) -> None:
    spending.run("2026-11-10T12:00", hours=1)
    settle.settle_ended()
    ask = caller(Role.VIEWER).get
    whole = Decimal(ask(f"/costs?{RANGE}")["total"]["cost_usd"])
    half = ask("/costs?from=2026-11-10T12:30:00Z&to=2026-11-10T13:00:00Z")
    assert Decimal(half["total"]["cost_usd"]) == whole / 2


def test_by_the_second_is_compared_with_a_node(caller: Make, states: States) -> None:
    states.asleep()
    found = caller(Role.VIEWER).get("/costs/compare?deployment=asleep&days=7&sessions=0&hours=24")
    assert found["month_usd"] == found["always_on_month_usd"]
    assert round(found["break_even_hours_per_day"], 1) == 22.5
    refused: Any = caller(Role.VIEWER)("get", "/costs/compare?hours=25")
    assert (refused.status_code, list(refused.json()["fields"])) == (422, ["hours"])

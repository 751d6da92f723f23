"""Runs over REST."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from deployments.models import Run
from tests.deployments.pages.states import States

from .callers import Caller

Make = Callable[..., Caller]


def test_run_tells_phases_and_money(caller: Make, states: States) -> None:
    made = states.ready()
    ended = made.runs.filter(ended_at__isnull=False).latest("id")
    run = caller().get(f"/deployments/ready/runs/{ended.pk}")
    assert (run["cause"], run["end_reason"], run["findings"]) == ("lease", "idle", [])
    assert run["cost_usd"] == "30.21"
    parts = ("boot_usd", "use_usd", "idle_usd")
    assert sum(Decimal(run[part]) for part in parts) == Decimal(run["cost_usd"])
    assert [phase["name"] for phase in run["phases"]][:2] == ["queued", "container"]
    assert run["phases"][0]["cost_usd"] is None  # queued time is not billed
    assert all({"name", "started_at", "seconds", "cost_usd"} <= set(phase) for phase in run["phases"])


def test_open_run_has_begun_phases_alone_and_no_end(caller: Make, states: States) -> None:
    made = states.waking()
    run = caller().get(f"/deployments/waking/runs/{made.runs.get().pk}")
    assert (run["ended_at"], run["end_reason"]) == (None, None)
    assert all(phase["started_at"] for phase in run["phases"])


def test_engine_that_died_is_a_finding(caller: Make, states: States) -> None:
    states.failed()
    (run,) = caller().get("/deployments/failed/runs")["items"]
    assert run["failed"] is True
    (finding,) = run["findings"]
    assert "before it was ready" in finding["cause"]
    assert "KV cache" in finding["evidence"]


def test_pages_follow_each_other(caller: Make, states: States) -> None:
    states.ready()
    ids, path = [], "/deployments/ready/runs?limit=3"
    while path:
        page = caller().get(path)
        ids += [run["id"] for run in page["items"]]
        path = f"/deployments/ready/runs?limit=3&cursor={page['next']}" if page["next"] else ""
    assert ids == list(Run.objects.order_by("-id").values_list("pk", flat=True))


def test_run_of_another_deployment_is_not_found(caller: Make, states: States) -> None:
    states.asleep()
    run = states.waking().runs.get()
    assert caller()("get", f"/deployments/asleep/runs/{run.pk}").status_code == 404


@pytest.mark.parametrize("query", ["cursor=x", "limit=0", "limit=201", "limit=many"])
def test_wrong_page_is_named(caller: Make, states: States, query: str) -> None:
    states.asleep()
    response: Any = caller()("get", f"/deployments/asleep/runs?{query}")
    assert (response.status_code, list(response.json()["fields"])) == (422, [query.split("=")[0]])


def test_list_has_a_constant_number_of_queries(
    caller: Make, states: States, django_assert_max_num_queries: Any
) -> None:
    states.ready()
    viewer = caller()
    with django_assert_max_num_queries(14):  # key 3, deployment; prices, runs 6, past starts 2; findings
        viewer.get("/deployments/ready/runs")


def test_runs_of_all_deployments_narrow_and_say_whose_they_are(caller: Make, states: States) -> None:
    states.ready()
    states.failed()
    viewer = caller()
    assert {run["deployment"] for run in viewer.get("/runs")["items"]} == {"ready", "failed"}
    (failed,) = viewer.get("/runs?end=failed")["items"]
    assert (failed["deployment"], failed["end_reason"]) == ("failed", "boot_failed")
    assert len(viewer.get("/runs?deployment=ready&end=lit&lit_for=Ada")["items"]) == 1
    assert viewer.get("/deployments/ready/runs?until=2001-01-01T00:00:00Z")["items"] == []
    assert viewer("get", "/runs?deployment=nothing").status_code == 404
    for wrong in ("cause=rain", "end=rain", "release=-1", "since=soon"):
        response: Any = viewer("get", f"/deployments/ready/runs?{wrong}")
        assert response.status_code == 422, wrong


def test_run_tells_its_story_its_events_and_its_time(caller: Make, states: States) -> None:
    made = states.ready()
    ended = made.runs.filter(ended_at__isnull=False).latest("id")
    run = caller().get(f"/deployments/ready/runs/{ended.pk}")
    assert any(sentence.startswith("It went out idle, ") for sentence in run["story"])
    assert run["events"][-1]["kind"] == "end"
    assert [band["kind"] for band in run["bands"]] == ["queued", "boot", "idle"]

"""Cold starts over REST and on the pages: the trend, two releases, the time left."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from deployments.models import Run
from deployments.services import judging
from tests.deployments.pages.conftest import browser as browser
from tests.deployments.pages.states import States
from tests.deployments.services.past_starts import history, second_release, start

from .callers import Caller

Make = Callable[..., Caller]


def two_releases(states: States, own: int = 6) -> Run:
    """Six starts of release 1 and some of release 2, whose last loaded its weights slowly."""
    made = states.asleep("glm", "GLM")
    history(states, made, 6)
    release = second_release(made)
    history(states, made, own, ago_s=400_000, release=release)
    return start(states, made, ago_s=9000, weights=435)


def test_run_stands_beside_its_release_and_the_one_before(caller: Make, states: States) -> None:
    run = two_releases(states)
    judging.judge_due(now=states.now)
    found = caller().get(f"/deployments/glm/runs/{run.pk}")
    own, before = found["beside"]["release"], found["beside"]["before"]
    assert [(one["release"], one["n"]) for one in (own, before)] == [(2, 6), (1, 6)]
    assert own["phases"]["weights"]["seconds"] == pytest.approx(72, abs=1)
    assert own["phases"]["queued"]["usd"] is None
    assert Decimal(own["ready"]["usd"]) > 2
    (slow,) = found["slow"]
    assert (slow["phase"], slow["starts"], slow["of_release"]) == ("weights", 6, True)
    assert slow["words"].startswith("weights 6.")
    weights = next(phase for phase in found["phases"] if phase["name"] == "weights")
    assert (weights["expected_s"], found["usual_starts"]) == (pytest.approx(72, abs=1), 6)


def test_nothing_is_invented_where_there_is_no_other_start(caller: Make, states: States) -> None:
    made = states.asleep("glm", "GLM")
    run = start(states, made, ago_s=9000)
    found = caller().get(f"/deployments/glm/runs/{run.pk}")
    assert found["beside"] == {"release": {"release": 1, "n": 0, "ready": None, "phases": {}}, "before": None}
    assert (found["usual_starts"], found["slow"]) == (0, [])
    assert caller().get("/deployments/glm/starts")["estimates"] == []
    assert caller()("get", "/deployments/glm/starts/compare").status_code == 404


def test_trend_and_two_releases(caller: Make, states: States) -> None:
    run = two_releases(states)
    judging.judge_due(now=states.now)
    found = caller().get("/deployments/glm/starts?limit=3")
    assert [one["release"] for one in found["items"]] == [2, 2, 2]
    assert (found["items"][0]["run_id"], len(found["items"][0]["slow"])) == (run.pk, 1)
    assert found["estimates"][0]["phase"] is None
    assert found["estimates"][0]["early"] == 1  # the slow one took longer than was said
    compared = caller().get("/deployments/glm/starts/compare?first=1&second=2")
    rows = {row["phase"]: row for row in compared["phases"]}
    assert rows["container"]["seconds"] == 0
    assert (rows["weights"]["first"]["n"], rows["weights"]["second"]["n"]) == (6, 7)
    assert compared["ready"]["usd"] is not None
    assert caller()("get", "/deployments/glm/starts/compare?first=1&second=9").status_code == 404


def test_time_left_comes_from_past_starts_and_says_how_good_it_was(caller: Make, states: States) -> None:
    made = states.waking()
    history(states, made, 8)
    status = caller().get("/deployments/waking/status")
    # 109 s after it was first seen, 45 s into its weights; others took 71 to 74 s, then 126 to 128 and 14.
    assert status["eta_s"] == pytest.approx(72.5 - 45 + 127 + 14, abs=3)
    eta = status["eta"]
    assert (eta["starts"], eta["late"], eta["tested"]) == (8, "", 3)
    assert eta["p90_s"] >= eta["p50_s"]
    Run.objects.filter(deployment=made, ended_at=None).update(first_seen_at=states.ago(400))
    late = caller().get("/deployments/waking/status")
    assert late["eta"]["late"] == "longer than each of the last 8 starts"
    assert "longer than each of the last 8 starts" in late["sentence"]


def test_pages_tell_it(browser: Callable[..., Client], states: States) -> None:
    run = two_releases(states)
    run.phases.filter(name="server").delete()  # the other starts had it: a dash stands on this side
    start(states, run.deployment, ago_s=500_000, download=40, release=run.deployment.releases.get(number=1))
    judging.judge_due(now=states.now)
    client = browser()
    page = client.get(f"/deployments/glm/runs/{run.pk}/").content.decode()
    for said in (
        "Weights 6.",
        "Beside its release",
        "Release 1 before, 7 starts",
        "median of 6 starts of release 2",
    ):
        assert said in page, said
    page = client.get("/deployments/glm/runs/?first=2&second=1").content.decode()
    for said in (
        "Cold starts",
        "release 2",
        "Two releases side by side",
        "past starts",
        'value="2" selected',
    ):
        assert said in page, said


@pytest.mark.parametrize("path", ["/deployments/glm/runs/", "/deployments/glm/runs/{run}/"])
def test_pages_ask_as_often_however_long_the_history(
    browser: Callable[..., Client], states: States, path: str
) -> None:
    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            assert client.get(path.format(run=run.pk)).status_code == 200
        return len(caught)

    client, run = browser(), two_releases(states)
    judging.judge_due(now=states.now)
    few = count()
    history(states, run.deployment, 60, ago_s=390_000)
    start(states, run.deployment, ago_s=8000, weights=700)
    judging.judge_due(now=states.now)
    judging.judge_due(now=states.now)
    assert count() <= few


def test_list_of_many_waking_asks_as_often(
    browser: Callable[..., Client], states: States, django_assert_max_num_queries: Any
) -> None:
    for number in range(3):
        history(states, states.waking(f"w-{number}", f"W {number}"), 6)
    client = browser()
    client.get("/register/")
    with CaptureQueriesContext(
        connection,
    ) as caught:
        client.get("/register/")
    history(states, states.waking("w-4", "W 4"), 6)
    with django_assert_max_num_queries(len(caught)):
        client.get("/register/")

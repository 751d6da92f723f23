"""When a deployment was lit, over REST: the rows of its page."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from deployments.models import Action
from tests.deployments.pages.states import States

from .callers import Caller

Make = Callable[..., Caller]


def every(caller: Caller, path: str) -> list[dict[str, Any]]:
    found, cursor = [], ""
    while True:
        page = caller.get(f"{path}{cursor}")
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def test_it_has_the_rows_of_the_page_newest_first(caller: Make, states: States) -> None:
    made = states.ready()
    Action.objects.create(
        at=states.ago(3000), actor_name="Ada", via="page", verb="release", deployment=made, summary="Made 2."
    )
    rows = caller().get("/deployments/ready/timeline")["items"]
    assert [row["kind"] for row in rows][:4] == ["lit", "waking", "release", "asleep"]
    assert [row["start"] for row in rows] == sorted((row["start"] for row in rows), reverse=True)
    run = made.runs.get(ended_at__isnull=True)
    lit, waking, release, _ = rows[:4]
    assert (lit["run_id"], lit["run_number"], lit["lit_for"]) == (run.pk, run.number, "Ada")
    assert (lit["end"], waking["end"]) == (None, lit["start"])
    assert waking["seconds"] == 275.0
    assert (release["words"], release["end"], release["seconds"], release["run_id"]) == (
        "Made 2.", None, None, None,
    )  # fmt: skip
    assert len(caller().get("/deployments/ready/timeline?span=7d")["items"]) > len(rows)


def test_pages_follow_each_other_and_lose_nothing_of_one_instant(caller: Make, states: States) -> None:
    made = states.ready()
    run = made.runs.get(ended_at__isnull=True)
    for number in range(3):
        Action.objects.create(
            at=run.first_seen_at, actor_name="Ada", via="page", verb="release", deployment=made,
            summary=f"Made {number}.",
        )  # fmt: skip
    asks = caller()
    whole = every(asks, "/deployments/ready/timeline?limit=200")
    for limit in (1, 2, 3):
        told = every(asks, f"/deployments/ready/timeline?limit={limit}")
        assert [(row["kind"], row["words"]) for row in told] == [(row["kind"], row["words"]) for row in whole]
    assert asks("get", "/deployments/ready/timeline?cursor=soon").status_code == 422
    assert asks("get", "/deployments/ready/timeline?span=1y").status_code == 422


def test_what_slept_all_day_is_one_row_that_goes_on(caller: Make, states: States) -> None:
    states.asleep()
    (row,) = caller().get("/deployments/asleep/timeline")["items"]
    assert (row["kind"], row["end"], row["run_id"]) == ("asleep", None, None)
    assert row["seconds"] == timedelta(days=1).total_seconds()

"""Runs by filter and page, one run's story, and a deployment's day."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from .states import States

Browser = Callable[..., Client]


def test_list_narrows_by_its_address_and_keeps_that_on_the_next_page(
    browser: Browser, states: States
) -> None:
    made = states.ready()
    states.failed()
    for number in range(51):
        states.ended(made, began_s=200000 + number * 4000, end_reason="slept")
    client = browser()

    def page(where: str, **asked: str) -> str:
        return client.get(where, asked).content.decode()

    slept = page("/deployments/ready/runs/", end="slept", who="Ada", release="1")
    assert "end=slept" in slept
    assert "who=Ada" in slept
    assert "&amp;before=" in slept
    assert "went out idle" not in slept.split("<tbody>")[-1]
    older = slept.split('class="pager"')[1].split('href="')[1].split('"')[0].replace("&amp;", "&")
    assert client.get(f"/deployments/ready/runs/{older}").content.decode().count("put to sleep</td>") == 1
    everything = page("/runs/", end="failed")
    assert "GLM-5.2 long context" in everything
    assert "went out idle</td>" not in everything
    assert "No run is like that" in page("/runs/", since="2001-01-01", until="2001-01-02")
    for nonsense in (
        {"release": "x"},
        {"since": "soon"},
        {"cause": "rain"},
        {"end": "\x00"},
        {"found": "any"},
    ):
        assert client.get("/runs/", nonsense).status_code == 200


def test_csv_has_the_filter_of_the_page(browser: Browser, states: States) -> None:
    states.ready()
    states.failed()
    client = browser()

    def lines(where: str) -> list[str]:
        return b"".join(client.get(where).streaming_content).decode().splitlines()  # type: ignore[attr-defined]

    assert len(lines("/runs/runs.csv")) == 9
    (head, row) = lines("/runs/runs.csv?end=failed")
    assert head.startswith("deployment,run,release,cause,lit_for")
    assert row.startswith("failed,1,1,lease,Ada,")
    assert len(lines("/deployments/ready/runs/runs.csv?end=lit")) == 2
    assert client.get("/deployments/nothing/runs/runs.csv").status_code == 404


def test_run_page_tells_story_time_and_events(browser: Browser, states: States) -> None:
    made = states.ready()
    run = made.runs.filter(ended_at__isnull=False).latest("id")
    page = browser().get(f"/deployments/ready/runs/{run.pk}/").content.decode()
    assert "It went out idle" in page
    assert "It cost <b>$30.21</b>" in page
    assert "being added up" in page
    assert 'aria-labelledby="time-h"' in page
    assert "Container asked of the provider and first seen" in page
    assert "None" not in page.split("<main")[1]


@pytest.mark.parametrize("state", ["waking", "ready", "failed", "stopping"])
def test_every_state_has_its_run_page_and_its_day(browser: Browser, states: States, state: str) -> None:
    made = getattr(states, state)()
    client = browser()
    run = made.runs.latest("id")
    assert "None" not in client.get(f"/deployments/{state}/runs/{run.pk}/").content.decode().split("<main")[1]
    day = client.get(f"/deployments/{state}/runs/", {"span": "7d"}).content.decode()
    assert "The same as a table" in day
    assert f"run {run.number}" in day
    assert 'aria-current="true">7 days' in day


def test_lists_cost_the_same_however_long_they_are(
    browser: Browser, states: States, django_assert_max_num_queries: Any
) -> None:
    made = states.ready()
    for number in range(20):
        states.ended(made, began_s=200000 + number * 4000)
    client = browser()
    with django_assert_max_num_queries(19):
        client.get("/runs/")
    run = made.runs.latest("id")
    with django_assert_max_num_queries(62):
        client.get(f"/deployments/ready/runs/{run.pk}/")

"""The home page: one sentence over all, constant queries, unchanged fragments."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from deployments.planning.power import Role

from .states import States


def test_sentence_counts_what_burns(browser: Callable[..., Client], states: States) -> None:
    states.ready()
    states.waking()
    states.failed()
    page = browser().get("/").content.decode()
    assert "Two servers lit," in page
    assert "<b>$72.63</b> an hour" in page  # 2 x 36.3168
    assert "GLM-5.2 long context failed and stays out." in page


@pytest.mark.parametrize(
    ("make", "said"), [("off", "Nothing is billing."), ("failed", "failed and stays out.")]
)
def test_sentence_when_nothing_is_lit(
    browser: Callable[..., Client], states: States, make: str, said: str
) -> None:
    getattr(states, make)()
    page = browser().get("/").content.decode()
    assert "Nothing is lit." in page
    assert said in page


def test_unreadable_provider_may_still_bill(browser: Callable[..., Client], states: States) -> None:
    states.ready()
    states.blind()
    page = browser().get("/").content.decode()
    assert 'data-state="unknown"' in page
    assert "cannot be read and may still be billing." in page


@pytest.mark.parametrize("path", ["/", "/register/", "/activity/"])
def test_queries_do_not_grow_with_the_list(browser: Callable[..., Client], states: States, path: str) -> None:
    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            assert client.get(path).status_code == 200
        return len(caught)

    client = browser()
    states.action(states.ready("one", "One"), "deed.")
    states.failed("broken")
    few = count()
    for number in range(4):
        states.action(states.ready(f"more-{number}", f"More {number}"), "deed.")
        states.failed(f"broken-{number}")
    states.asleep()
    assert count() <= few
    assert few <= 26


@pytest.mark.parametrize("kind", ["runs/", "", "settings/", "logs/"])
def test_queries_do_not_grow_with_the_runs(browser: Callable[..., Client], states: States, kind: str) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(f"/deployments/ready/{kind}").status_code == 200
        return len(caught)

    client, made = browser(), states.ready()
    few = count()
    for number in range(15):
        states.ended(made, began_s=200000 + number * 5000)
    assert count() <= few
    assert few <= 45


@pytest.mark.parametrize(
    "path", ["/register/", "/burning/", "/deployments/asleep/status/", "/deployments/asleep/phases/"]
)
def test_unchanged_fragment_answers_nothing(
    browser: Callable[..., Client], states: States, path: str
) -> None:
    made = states.asleep()
    client = browser()
    page = client.get(path).content.decode()
    mark = page.split('data-fp="')[1].split('"')[0]
    assert client.get(path, headers={"Panel-Have": mark}).status_code == 204
    states.run(made, began_s=100, reached_s=100)
    states.lease(made, "Ada")
    assert client.get(path, headers={"Panel-Have": mark}).status_code == 200


def test_full_page_has_the_fingerprint_of_its_fragment(
    browser: Callable[..., Client], states: States
) -> None:
    """Else every page would repaint at its first poll."""
    states.asleep()
    client = browser()
    page = client.get("/deployments/asleep/").content.decode()
    assert "@@fingerprint@@" not in page
    for name in ("status", "phases"):
        mark = page.split(f'id="{name}"')[1].split('data-fp="')[1].split('"')[0]
        path = f"/deployments/asleep/{name}/"
        assert client.get(path, headers={"Panel-Have": mark}).status_code == 204, name


@pytest.mark.parametrize(("make", "seconds"), [("waking", 2), ("ready", 5), ("asleep", 20)])
def test_polls_as_often_as_something_moves(
    browser: Callable[..., Client], states: States, make: str, seconds: int
) -> None:
    getattr(states, make)()
    for path in ("/register/", f"/deployments/{make}/status/"):
        assert (
            f'hx-trigger="every {seconds}s, refresh"'
            in browser(name=path.strip("/").replace("/", "-")).get(path).content.decode()
        )


def test_empty_panel_teaches_the_next_step(browser: Callable[..., Client], states: States) -> None:
    assert "An admin adds deployments" in browser(Role.MEMBER).get("/").content.decode()
    page = browser(Role.ADMIN).get("/").content.decode()
    assert "Adding one costs nothing" in page
    assert page.count('href="/deployments/new/"') == 1

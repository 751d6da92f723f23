"""Every page of a deployment in every state."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from deployments.planning.power import Role

from .states import States

STATES = ("off", "deploying", "asleep", "waking", "ready", "degraded", "stopping", "failed")
TABS = ("", "runs/", "logs/", "settings/", "status/", "phases/")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("tab", TABS)
def test_page_shows_the_state(browser: Callable[..., Client], states: States, state: str, tab: str) -> None:
    getattr(states, state)()
    response = browser(Role.OPERATOR).get(f"/deployments/{state}/{tab}")
    assert response.status_code == 200, response.content[:2000]
    if tab != "phases/":
        assert f'id="status" data-state="{state}"' in response.content.decode()


def test_while_waking_the_engines_line_is_beside_the_words_never_instead_of_them(
    browser: Callable[..., Client], states: States
) -> None:
    made = states.waking()
    client = browser(Role.VIEWER)
    run = made.runs.get()
    for address in ("/", "/deployments/waking/", f"/deployments/waking/runs/{run.pk}/"):
        page = client.get(address).content.decode()
        seen = re.sub(r'title="[^"]*"', "", page)
        assert "436 of 703.7 GiB" not in seen, address
        assert "oading weights, " in seen, address
        assert "ready in about" in seen, address


def test_page_names_who_waits(browser: Callable[..., Client], states: States) -> None:
    made = states.waking()
    states.in_flight(made, "Ben", 0, waiting=2)
    page = browser(Role.VIEWER).get("/deployments/waking/").content.decode()
    assert "Waiting: Ben (2 requests)" in page
    assert "Waking for Ada and 2 waiting requests." in page

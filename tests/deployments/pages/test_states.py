"""Every page of a deployment in every state."""

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


def test_page_names_who_waits(browser: Callable[..., Client], states: States) -> None:
    made = states.waking()
    states.in_flight(made, "Ben", 0, waiting=2)
    page = browser(Role.VIEWER).get("/deployments/waking/").content.decode()
    assert "Waiting: Ben (2 requests)" in page
    assert "Waking for Ada and 2 waiting requests." in page

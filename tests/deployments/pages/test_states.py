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

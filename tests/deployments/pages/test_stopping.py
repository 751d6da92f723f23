"""Sleep and Turn off ask again only where somebody else is using it."""

from collections.abc import Callable

import pytest
from django.test import Client

from controlpanel.models import User
from deployments.models import Deployment
from deployments.planning.power import Role

from .conftest import HTMX
from .states import States

SLEEP, OFF = "/deployments/ready/sleep/", "/deployments/ready/turn-off/"


def mine(states: States, client: Client, name: str) -> Deployment:
    """A lit deployment that only `name` holds."""
    made = states.ready()
    made.leases.all().delete()
    states.lease(made, name, user=User.objects.get(username=name))
    return made


def stop_of(made: Deployment) -> str:
    made.refresh_from_db()
    return str(made.stop_kind)


@pytest.mark.parametrize(("path", "kind"), [(SLEEP, "sleep"), (OFF, "off")])
def test_what_nobody_else_uses_goes_out_at_once(
    browser: Callable[..., Client], states: States, path: str, kind: str
) -> None:
    client = browser(Role.MEMBER, "ada")
    made = mine(states, client, "ada")
    response = client.post(path, headers=HTMX)
    assert response.status_code == 200
    assert "panel:acted" in response["HX-Trigger"]
    assert stop_of(made) == kind


def test_without_scripts_it_redirects(browser: Callable[..., Client], states: States) -> None:
    client = browser(Role.MEMBER, "ada")
    mine(states, client, "ada")
    response = client.post(SLEEP, follow=True)
    assert response.redirect_chain == [("/deployments/ready/", 302)]
    assert "You can wake it again at any time. Requests of keys wake it from " in response.content.decode()


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_in_use_names_who_and_how_many(
    browser: Callable[..., Client], states: States, headers: dict[str, str]
) -> None:
    made = states.ready()
    states.in_flight(made, "Grace", 3)
    response = browser(Role.OPERATOR).post(SLEEP, headers=headers)
    page = response.content.decode()
    assert response.status_code == 409
    assert "<b>Ada and Grace</b> are using Coder: <b>3</b> requests in flight." in page
    assert ("<dialog" in page) == bool(headers)
    assert "Sleep anyway" in page
    assert stop_of(made) == ""


def test_requests_that_wait_are_named_too(browser: Callable[..., Client], states: States) -> None:
    made = states.waking()
    states.in_flight(made, "Ben", 0, waiting=2)
    page = browser(Role.OPERATOR).post("/deployments/waking/sleep/").content.decode()
    assert "<b>Ada and Ben</b> are using" in page
    assert ": <b>2</b> requests waiting for it." in page


def test_operator_puts_it_out_by_force(browser: Callable[..., Client], states: States) -> None:
    made = states.ready()
    response = browser(Role.OPERATOR).post(OFF, {"force": "yes"}, headers=HTMX)
    assert response.status_code == 200
    assert stop_of(made) == "off"


def test_member_is_not_offered_force(browser: Callable[..., Client], states: States) -> None:
    made = states.ready()
    client = browser(Role.MEMBER)
    page = client.post(SLEEP, headers=HTMX).content.decode()
    assert "An operator can put it out by force" in page
    assert "Sleep anyway" not in page
    assert client.post(SLEEP, {"force": "yes"}, headers=HTMX).status_code == 403
    assert stop_of(made) == ""


def test_get_changes_nothing(browser: Callable[..., Client], states: States) -> None:
    made = states.ready()
    client = browser()
    assert client.get(SLEEP).status_code == 405
    assert client.get(OFF).status_code == 405
    assert stop_of(made) == ""

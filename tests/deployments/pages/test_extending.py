"""Extending and giving back leases."""

from collections.abc import Callable
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from controlpanel.models import User
from deployments.planning.power import Role

from .conftest import HTMX
from .states import States

EXTEND = "/deployments/ready/extend/"


def test_operator_moves_the_end(browser: Callable[..., Client], states: States) -> None:
    made = states.ready()
    lease = made.leases.earliest("id")
    response = browser().post(EXTEND, {"lease": lease.pk, "keep": "hours", "hours": "2"}, headers=HTMX)
    lease.refresh_from_db()
    assert response.status_code == 200
    assert lease.until is not None
    assert abs(lease.until - timezone.now() - timedelta(hours=2)) < timedelta(seconds=20)


def test_dialog_asks_until_when(browser: Callable[..., Client], states: States) -> None:
    states.ready()
    page = browser().get(EXTEND, headers=HTMX).content.decode()
    assert page.startswith("<dialog")
    assert "$36.31 an hour" in page
    assert 'aria-hidden="true">about $36.30<' in page  # one hour from now


def test_price_follows_the_chosen_end(browser: Callable[..., Client], states: States) -> None:
    states.ready()
    page = browser().get(EXTEND, {"keep": "hours", "hours": "2"}, headers=HTMX).content.decode()
    assert 'aria-hidden="true">about $72.60<' in page


def test_wrong_end_is_said(browser: Callable[..., Client], states: States) -> None:
    lease = states.ready().leases.earliest("id")
    data = {"lease": lease.pk, "keep": "until", "until": "2020-01-01T00:00"}
    response = browser().post(EXTEND, data, headers=HTMX)
    assert response.status_code == 422
    assert "This time is over" in response.content.decode()


def test_without_a_lease_it_says_what_to_do(browser: Callable[..., Client], states: States) -> None:
    states.asleep("ready")
    response = browser().post(EXTEND, {"keep": "hours", "hours": "1"}, headers=HTMX)
    assert response.status_code == 404
    assert "disabled" in response.content.decode()


def test_own_lease_is_given_back(browser: Callable[..., Client], states: States) -> None:
    client = browser(Role.MEMBER, "ada")
    made = states.asleep("ready")
    states.run(made, began_s=1000)
    lease = states.lease(made, "ada", user=User.objects.get(username="ada"))
    assert "Give back" in client.get("/deployments/ready/").content.decode()
    response = client.post(f"/leases/{lease.pk}/give-back/", follow=True)
    assert response.redirect_chain == [("/deployments/ready/", 302)]
    lease.refresh_from_db()
    assert lease.end_reason == "released"


def test_somebody_elses_lease_stays(browser: Callable[..., Client], states: States) -> None:
    lease = states.ready().leases.earliest("id")
    response = browser(Role.MEMBER).post(f"/leases/{lease.pk}/give-back/", headers=HTMX)
    assert response.status_code == 403
    assert response["Panel-Fragment"] == "yes"
    lease.refresh_from_db()
    assert lease.ended_at is None

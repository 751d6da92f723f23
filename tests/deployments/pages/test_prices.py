"""The price list."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from deployments.models import Account, Price
from deployments.planning.power import Role
from deployments.services import prices

from .states import States

PAGE = "/costs/prices/"


def test_every_price_is_told_with_its_source_and_age(browser: Callable[..., Client], states: States) -> None:
    states.asleep()
    Price.objects.filter(resource="cpu").update(checked_on=states.now.date() - timedelta(days=60))
    page = browser(Role.VIEWER).get(PAGE).content.decode()
    assert "GPU H200" in page
    assert "0.001261" in page
    assert "4.5396" in page
    assert "Some prices were not checked for 45 days" in page
    assert "The public prices hold today" not in page


def test_an_admin_confirms_and_the_notice_is_gone(browser: Callable[..., Client], states: States) -> None:
    Price.objects.update(checked_on=states.now.date() - timedelta(days=60))
    admin = browser(Role.ADMIN)
    page = admin.post(PAGE + "confirm/", follow=True).content.decode()
    assert "5 public prices are confirmed" in page
    assert "Some prices were not checked" not in page


def test_asking_now_says_what_each_account_answered(
    browser: Callable[..., Client], states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prices, "refresh", lambda account: "" if account.name == "Modal" else "no plan")
    Account.objects.create(name="Other", token_id="ak-2")
    page = browser(Role.ADMIN).post(PAGE + "refresh/", follow=True).content.decode()
    assert "Modal: its own rates are written." in page
    assert "Other: no plan" in page


def test_without_a_price_the_page_says_what_to_do(browser: Callable[..., Client], states: States) -> None:
    Price.objects.all().delete()
    assert "nothing can be lit" in browser().get(PAGE).content.decode()


@pytest.mark.parametrize("what", ["refresh/", "confirm/"])
def test_operators_do_not_change_prices(browser: Callable[..., Client], states: States, what: str) -> None:
    assert browser(Role.OPERATOR).post(PAGE + what).status_code == 403
    assert browser(Role.ADMIN, "other").get(PAGE + what).status_code == 405

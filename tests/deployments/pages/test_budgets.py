"""Budgets on pages: the bars, the form, and what is said when one is nearly spent."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from deployments.models import Budget, Lease
from deployments.planning.power import Role
from deployments.services import budget_round, enqueue

from .states import States

Browser = Callable[..., Client]
WISH = {"of": "panel", "amount": "900", "period": "month", "zone": "Europe/Berlin", "grace": "30"}


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enqueue, "_send", lambda *message: None)


def test_an_admin_sets_raises_and_removes_one(browser: Browser, states: States) -> None:
    states.ready()
    admin = browser(Role.ADMIN)
    assert "No budget is set" in admin.get("/costs/").content.decode()
    page = admin.post("/costs/budgets/", WISH, follow=True).content.decode()
    assert "The budget of a month for the whole panel is now $900.00." in page
    admin.post("/costs/budgets/", WISH | {"amount": "950"})
    admin.post("/costs/budgets/", WISH | {"of": "deployment:ready"})
    assert {(row.scope, row.amount_usd, row.grace_s) for row in Budget.objects.all()} == {
        ("deployment", 900, 30), ("panel", 950, 30),
    }  # fmt: skip
    for budget in Budget.objects.all():
        page = admin.post(f"/costs/budgets/{budget.pk}/remove/", follow=True).content.decode()
    assert "No budget is set" in page


@pytest.mark.parametrize("wrong", [{"amount": "lots"}, {"amount": "NaN"}, {"grace": "x"}, {"of": "person:0"}])
def test_what_makes_no_sense_is_said(browser: Browser, states: States, wrong: dict[str, str]) -> None:
    page = browser(Role.ADMIN).post("/costs/budgets/", WISH | wrong, follow=True).content.decode()
    assert 'role="alert"' in page
    assert not Budget.objects.exists()


def test_operators_set_none(browser: Browser, states: States) -> None:
    assert browser(Role.OPERATOR).post("/costs/budgets/", WISH).status_code == 403


def test_the_head_and_the_start_dialog_say_what_is_left(browser: Browser, states: States) -> None:
    states.asleep()
    admin = browser(Role.ADMIN)
    admin.post("/costs/budgets/", WISH)
    for path in ("/deployments/asleep/", "/deployments/asleep/start/"):
        page = admin.get(path).content.decode()
        assert "Budget of the panel, a month" in page
        assert "$900.00 left" in page


def test_a_refused_start_says_why(browser: Browser, states: States) -> None:
    states.asleep()
    admin = browser(Role.ADMIN)
    admin.post("/costs/budgets/", WISH | {"amount": "1"})
    response: Any = admin.post("/deployments/asleep/start/", {"keep": "idle"})
    assert response.status_code == 409
    assert "does not carry this" in response.content.decode()
    assert not Lease.objects.exists()


def test_a_budget_that_is_nearly_or_all_spent_is_said_on_every_page(browser: Browser, states: States) -> None:
    states.ready()  # an hour lit is about 27 dollars
    admin = browser(Role.ADMIN)
    admin.post("/costs/budgets/", WISH | {"of": "deployment:ready", "amount": "10000"})
    Budget.objects.update(amount_usd=Budget.objects.get().spent_usd / 9 * 10)
    budget_round.go_round()
    assert "of the month’s budget for Coder is spent" in admin.get("/activity/").content.decode()
    Budget.objects.update(amount_usd="1")
    budget_round.go_round()
    page = admin.get("/activity/").content.decode()
    assert "The month’s budget for Coder is spent." in page
    assert Lease.objects.filter(end_reason="budget").count() == 2

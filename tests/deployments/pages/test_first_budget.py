"""A panel without a budget asks an admin for one, once."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from deployments.ledger.budgeting import suggested_usd
from deployments.models import Action, Budget, Price
from deployments.planning.power import Role

from .conftest import HTMX
from .states import States

Browser = Callable[..., Client]
DIALOG = "/deployments/asleep/start-dialog/"


def text(client: Client, path: str = "/") -> str:
    return re.sub(r"\s+", " ", client.get(path, headers=HTMX if path == DIALOG else {}).content.decode())


@pytest.mark.parametrize(
    ("rate", "hours", "usd"), [("37.461312", 2, 1700), ("4.54", 2, 200), ("0.001", 1, 1)]
)
def test_suggested_is_a_round_amount(rate: str, hours: int, usd: int) -> None:
    assert suggested_usd(Decimal(rate), hours=hours) == usd


def test_an_admin_sets_what_is_suggested(browser: Browser, states: States) -> None:
    states.asleep()
    admin = browser(Role.ADMIN)
    page = text(admin)
    assert 'value="1700"' in page
    assert 'id="start-asleep"' in page  # still two clicks away
    assert "nothing stops a forgotten server" in text(admin, DIALOG)
    sent = {"of": "panel", "period": "month", "zone": "UTC", "amount": "1700", "grace": "60", "from": "home"}
    assert admin.post("/costs/budgets/", sent).headers["Location"] == "/"
    assert Budget.objects.get().amount_usd == 1700
    assert "first-budget" not in text(admin)
    assert "nothing stops a forgotten server" not in text(admin, DIALOG)


def test_going_without_is_written_down_and_not_asked_again(browser: Browser, states: States) -> None:
    states.asleep()
    admin = browser(Role.ADMIN, "Ada")
    for _ in range(2):
        assert "Noted: no budget" in admin.post("/costs/budgets/none/", follow=True).content.decode()
    assert "first-budget" not in text(admin) + text(admin, DIALOG)
    assert Action.objects.get(verb="budget_waived").actor_name == "Ada"


def test_others_are_told_and_not_asked(browser: Browser, states: States) -> None:
    states.asleep()
    operator = browser(Role.OPERATOR)
    assert 'id="first-budget"' not in text(operator)
    assert "An admin can set one" in text(operator, DIALOG)


def test_old_prices_are_said_wherever_dollars_are(browser: Browser, states: States) -> None:
    states.ready()
    states.asleep()
    client, said = browser(Role.VIEWER), "Prices were last checked on"
    paths = ("/", "/costs/", "/costs/compare/?deployment=ready", "/deployments/ready/")
    Price.objects.update(checked_on=states.now.date())
    assert [text(client, path).count(said) for path in paths] == [0, 0, 0, 0]
    Price.objects.update(checked_on=states.now.date() - timedelta(days=60))
    assert [text(client, path).count(said) for path in paths] == [1, 1, 1, 1]
    assert said in text(browser(Role.MEMBER), DIALOG)

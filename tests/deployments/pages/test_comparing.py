"""The comparison, and what a quote is laid beside."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from deployments.models import Budget, Price, Release, Run
from deployments.planning.power import Role
from deployments.services.quote import quote

from .conftest import HTMX
from .states import States

Browser = Callable[..., Client]
COMPARE, DIALOG = "/costs/compare/", "/deployments/asleep/start-dialog/"


def text(client: Client, path: str) -> str:
    response = client.get(path, headers=HTMX if path == DIALOG else {})
    assert response.status_code == 200
    return re.sub(r"\s+", " ", response.content.decode())


def test_the_recipes_session_is_laid_out_by_resource(browser: Browser) -> None:
    page = text(browser(Role.VIEWER), COMPARE)
    for figure in (
        "$12.1056",
        "$9.0792",
        "$36.3168",
        "$35.12 an hour",
        "not measured by us",
        "$72.63",
        "$18.16",
    ):
        assert figure in page
    assert "never cheaper on 5 days a week" in page


def test_it_is_recomputed_for_what_is_asked(browser: Browser, states: States) -> None:
    client = browser()
    page = text(client, f"{COMPARE}?days=7&sessions=0&hours=24")
    assert "Break-even at" in page
    assert "No price of a dedicated server with 4 × H200" in text(client, f"{COMPARE}?gpus=4")
    page = text(client, f"{COMPARE}?hours=99&gpu=nonsense&idle=x")
    assert page.count('class="error"') == 3
    assert "8 is used" in page


def test_own_prices_go_before_public_ones(browser: Browser, states: States) -> None:
    states.asleep()
    Price.objects.create(
        account=states.account, resource="gpu:H200", usd_per_s=Decimal("0.001"), source="Own rates",
        effective_from=states.ago(60), checked_on=states.now.date(),
    )  # fmt: skip
    page = text(browser(), f"{COMPARE}?deployment=asleep")
    assert "$28.8000" in page
    assert "Own rates" in page


def test_a_missing_price_is_said(browser: Browser) -> None:
    Price.objects.filter(resource="memory").delete()
    assert "No price of memory is known" in text(browser(), COMPARE)


def test_the_dialog_says_what_a_start_leaves(browser: Browser, states: States) -> None:
    states.asleep()
    client = browser()
    page = text(client, DIALOG)
    assert "$25,638" in page  # 730 h x 35.12
    assert "budget-left" not in page
    put = {"scope": "panel", "set_at": states.now, "set_by_name": "Ada", "counted_at": states.now}
    budget = Budget.objects.create(amount_usd=100, spent_usd=20, **put)
    assert "Leaves about $67.80 of the month’s budget for the whole panel" in text(client, DIALOG)
    Budget.objects.filter(pk=budget.pk).update(spent_usd=95)
    assert "does not carry this: about $7.20 are missing" in text(client, DIALOG)


@pytest.mark.parametrize(
    ("old", "new", "seconds", "basis"),
    [
        (4, 0, 275, "from the recipe; no history yet"),
        (4, 4, 250, "of 8 starts of all its releases"),
        (9, 5, 200, "of 5 starts of this release"),
    ],
)
def test_time_to_ready_is_that_of_the_release_once_it_is_known(
    states: States, old: int, new: int, seconds: float, basis: str
) -> None:
    made = states.asleep()
    before = Release.objects.create(
        deployment=made, number=99, spec=made.config, author_name="Ada", created_at=states.ago(9)
    )
    for number in range(old + new):
        start = states.ago(9000 - number)
        Run.objects.create(
            account=made.account, deployment=made, number=number + 1, container_id=f"ta-{number}",
            cause="lease", first_seen_at=start, started_at=start, end_reason="idle",
            release=before if number < old else made.current_release,
            ready_at=start + timedelta(seconds=300 if number < old else 200), ended_at=states.ago(10),
        )  # fmt: skip
    found = quote(made, until=None)
    assert (found.ready_p50_s, found.history_runs) == (
        seconds,
        0 if seconds == 275 else old * (new < 5) + new,
    )
    assert found.basis.endswith(basis)
    assert found.until_ready_p90_usd >= found.until_ready_usd

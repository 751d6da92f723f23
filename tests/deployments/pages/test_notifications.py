"""Channels on their page and over REST."""

import json
from collections.abc import Callable

import pytest
from django.test import Client

from deployments.models import Account, BillLine, Budget, NotificationChannel
from deployments.planning.power import Role

from .spending import Spending
from .states import States

PAGE = "/settings/notifications/"
WEBHOOK = {
    "name": "Pager",
    "kind": "webhook",
    "target": "https://pager.example/very-secret",
    "events": ["budget"],
}
Browser = Callable[..., Client]


def test_a_signing_secret_is_shown_once_and_the_address_never(browser: Browser) -> None:
    admin = browser(Role.ADMIN)
    made = admin.post(PAGE, WEBHOOK).content.decode()
    secret = NotificationChannel.objects.get().secret
    assert secret in made
    page = admin.get(PAGE).content.decode()
    assert "https://pager.example/…" in page
    assert secret not in page
    assert "very-secret" not in made + page
    renewed = admin.post(f"{PAGE}{NotificationChannel.objects.get().pk}/secret/").content.decode()
    assert secret not in renewed
    assert NotificationChannel.objects.get().secret in renewed
    again = admin.post(PAGE, WEBHOOK)
    assert (again.status_code, "choose another" in again.content.decode()) == (422, True)


def test_a_channel_is_tried_switched_off_and_removed(browser: Browser) -> None:
    admin = browser(Role.ADMIN)
    admin.post(PAGE, WEBHOOK | {"target": "http://127.0.0.1:9/"})
    one = f"{PAGE}{NotificationChannel.objects.get().pk}/"
    page = admin.post(one + "test/", follow=True).content.decode()
    assert "The test did not arrive. The address leads to this machine" in page
    assert "does not arrive" in page
    assert "is switched off" in admin.post(one + "switch/", {"enabled": "no"}, follow=True).content.decode()
    assert "No channel is set up" in admin.post(one + "remove/", follow=True).content.decode()


def test_over_rest_the_secret_is_told_when_it_is_made(browser: Browser) -> None:
    admin = browser(Role.ADMIN)
    made = admin.post("/api/v1/notifications", json.dumps(WEBHOOK), "application/json")
    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    (told,) = admin.get("/api/v1/notifications").json()["items"]
    assert (told["shown"], told["events"], "secret" in told) == ("https://pager.example/…", ["budget"], False)
    assert admin.delete(f"/api/v1/notifications/{told['id']}").status_code == 204


@pytest.mark.parametrize("path", ["/costs/bills/", "/costs/"])
def test_bills_are_laid_beside_the_count(browser: Browser, states: States, path: str) -> None:
    spending = Spending(states)
    run = spending.run("2026-11-03T09:00", hours=1)
    Account.objects.update(bills_until="2026-11-04T00:00Z", bills_read_at=states.now, read_budget_usd=500)
    BillLine.objects.create(
        account=states.account, deployment=run.deployment, app_id="ap-1", app_name="glm", hour=run.started_at,
        micro_usd=72_000_000, by_resource={"GPU_H200": "72"}, fetched_at=states.now,
    )  # fmt: skip
    Budget.objects.create(scope="panel", amount_usd=900, set_at=states.now, set_by_name="Anna")
    page = browser().get(f"{path}?period=custom&from=2026-11-01&to=2026-11-30").content.decode()
    assert "$72.00" in page
    assert "$37.46" in page
    if path == "/costs/":
        assert "The panel’s budget of a month is higher" in page
    else:
        assert "GPUs are billed 98 % above the count" in page
    told = browser(Role.ADMIN).get("/api/v1/costs?from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z").json()
    assert (told["billed_usd"], told["billed_hours_cost_usd"]) == ("72", "37.461312")

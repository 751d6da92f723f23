"""Start: the quote first, then one press that spends."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from controlpanel.models import User
from deployments.models import Freeze, Lease, Price
from deployments.planning.power import Role

from .conftest import HTMX
from .states import States

DIALOG, START = "/deployments/asleep/start-dialog/", "/deployments/asleep/start/"


def test_dialog_says_the_price_before_anything_is_spent(
    browser: Callable[..., Client], states: States
) -> None:
    states.asleep()
    page = browser().get(DIALOG, headers=HTMX).content.decode()
    assert page.startswith("<dialog")
    for said in ("$36.31 an hour", "Until ready", "Idle tail", "CPU and memory", "Together until idle"):
        assert said in page
    assert 'id="start-price" aria-hidden="true">about $12.20<' in page
    assert not Lease.objects.exists()


def test_dialog_follows_the_chosen_end(browser: Callable[..., Client], states: States) -> None:
    states.asleep()
    page = browser().get(DIALOG, {"keep": "hours", "hours": "10"}, headers=HTMX).content.decode()
    # 10 h x 36.3168 for the GPUs and about 12 for 8 cores and 96 GiB.
    assert "about $375" in page
    assert "Ready until the chosen end" in page


def test_without_scripts_the_same_form_is_a_page(browser: Callable[..., Client], states: States) -> None:
    states.asleep()
    page = browser().get(START).content.decode()
    assert "<h1" in page
    assert "<dialog" not in page
    assert "Work out the price" in page
    assert "about $12.20" in page


@pytest.mark.parametrize("path", [DIALOG, START])
def test_first_button_of_the_form_does_not_spend(
    browser: Callable[..., Client], states: States, path: str
) -> None:
    """Enter presses the first submit button of a form."""
    states.asleep()
    headers = HTMX if path == DIALOG else {}
    page = browser().get(path, headers=headers).content.decode()
    footer = page[page.index("<footer") :]
    first = footer[footer.index("<button") :][:120]
    assert 'formmethod="dialog"' in first or 'formmethod="get"' in first


def test_start_without_scripts_redirects_to_the_deployment(
    browser: Callable[..., Client], states: States
) -> None:
    made = states.asleep()
    response = browser(name="grace").post(START, {"keep": "idle", "reason": "Nightly"}, follow=True)
    assert response.redirect_chain == [("/deployments/asleep/", 302)]
    assert "is being lit" in response.content.decode()
    lease = made.leases.get()
    assert (lease.holder_name, lease.reason, lease.until) == ("grace", "Nightly", None)


def test_start_with_htmx_closes_the_dialog_and_refreshes(
    browser: Callable[..., Client], states: States
) -> None:
    made = states.asleep()
    response = browser().post(START, {"keep": "idle"}, headers=HTMX)
    assert response.status_code == 200
    assert response["HX-Reswap"] == "none"
    assert "panel:acted" in response["HX-Trigger"]
    assert made.leases.count() == 1


def test_hours_count_from_now(browser: Callable[..., Client], states: States) -> None:
    made = states.asleep()
    browser().post(START, {"keep": "hours", "hours": "1.5"})
    until = made.leases.get().until
    assert until is not None
    assert abs(until - timezone.now() - timedelta(hours=1.5)) < timedelta(seconds=20)


def test_a_time_is_read_in_the_readers_zone(browser: Callable[..., Client], states: States) -> None:
    made = states.asleep()
    client = browser(name="grace")
    User.objects.filter(username="grace").update(time_zone="America/New_York")
    tomorrow = (timezone.now() + timedelta(days=1)).date()
    client.post(START, {"keep": "until", "until": f"{tomorrow}T10:00"})
    until = made.leases.get().until
    assert until is not None
    assert until.hour in (14, 15)  # 10:00 in New York is 14:00 or 15:00 UTC


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"keep": "until", "until": ""}, "Give the day and time"),
        ({"keep": "until", "until": "yesterday"}, "Enter a valid date/time."),
        ({"keep": "until", "until": "2020-01-01T10:00"}, "This time is over"),
        ({"keep": "hours", "hours": "0"}, "greater than or equal to 0.25"),
        ({"keep": "hours", "hours": ""}, "Give the number of hours"),
        ({"keep": "for ever"}, "Select a valid choice"),
    ],
)
def test_wrong_end_is_said_at_the_form(
    browser: Callable[..., Client], states: States, data: dict[str, str], said: str
) -> None:
    states.asleep()
    response = browser().post(START, {"reason": "Nightly"} | data, headers=HTMX)
    page = response.content.decode()
    assert response.status_code == 422
    assert response["Panel-Fragment"] == "yes"
    assert said in page
    assert 'value="Nightly"' in page
    assert not Lease.objects.exists()


def test_member_is_offered_until_idle_alone(browser: Callable[..., Client], states: States) -> None:
    states.asleep()
    member = browser(Role.MEMBER)
    page = member.get(DIALOG, headers=HTMX).content.decode()
    assert page.count('name="keep"') == 1
    response = member.post(START, {"keep": "hours", "hours": "1"}, headers=HTMX)
    assert response.status_code == 403
    assert "needs an operator" in response.content.decode()


def test_absent_weights_are_offered_by_cpu_first(browser: Callable[..., Client], states: States) -> None:
    made = states.asleep(weights_present=False)
    client = browser()
    page = client.get(DIALOG, headers=HTMX).content.decode()
    assert "Download first" in page
    assert "Start anyway, and pay about $12.10 of GPU time" in page  # 1200 s at 36.3168 an hour
    refused = client.post(START, {"keep": "idle"}, headers=HTMX)
    assert refused.status_code == 409
    assert not made.leases.exists()
    client.post(START, {"keep": "idle", "accept_download": "on"}, headers=HTMX)
    assert made.leases.count() == 1


def test_download_is_asked_for_and_stopped(browser: Callable[..., Client], states: States) -> None:
    made = states.asleep(weights_present=False)
    client = browser()
    page = client.post("/deployments/asleep/download/", follow=True).content.decode()
    assert "without a GPU" in page
    assert "Downloading the weights" in page
    again = client.post("/deployments/asleep/download/", headers=HTMX)
    assert (again.status_code, again["Panel-Fragment"]) == (409, "yes")
    client.post("/deployments/asleep/download/cancel/", headers=HTMX)
    assert made.downloads.get().status == "cancelled"


def test_frozen_start_is_refused_with_its_remedy(browser: Callable[..., Client], states: States) -> None:
    made = states.asleep()
    Freeze.objects.create(set_at=timezone.now(), set_by_name="Grace")
    response = browser().post(START, {"keep": "idle"}, headers=HTMX)
    assert response.status_code == 409
    assert "frozen by Grace" in response.content.decode()
    assert not made.leases.exists()


def test_without_a_price_nothing_can_be_pressed(browser: Callable[..., Client], states: States) -> None:
    states.asleep()
    Price.objects.all().delete()
    page = browser().get(DIALOG, headers=HTMX).content.decode()
    button = page[page.index('id="start-now"') :]
    assert "disabled" in button[: button.index(">")]


def test_sandbox_says_that_nobody_is_billed(browser: Callable[..., Client], db: None) -> None:
    States(timezone.now(), sandbox=True, speed=20).asleep()
    client = browser()
    for path in ("/", "/deployments/asleep/", "/deployments/asleep/logs/", DIALOG):
        assert "nobody is billed" in client.get(path).content.decode(), path


def test_viewer_is_told_who_can_start(browser: Callable[..., Client], states: States) -> None:
    states.asleep()
    viewer = browser(Role.VIEWER)
    assert "A Member can start it" in viewer.get("/deployments/asleep/").content.decode()
    assert viewer.get(DIALOG, headers=HTMX).status_code == 403
    assert viewer.post(START, {"keep": "idle"}).status_code == 403

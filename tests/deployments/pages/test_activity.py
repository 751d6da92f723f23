"""The audit record, by pages."""

from collections.abc import Callable
from datetime import UTC, datetime

from django.test import Client

from controlpanel.models import User
from deployments.models import Action

from .states import States


def test_newest_first_by_pages(browser: Callable[..., Client], states: States) -> None:
    for number in range(51):
        states.action(None, f"deed {number}.")
    client = browser()
    page = client.get("/activity/").content.decode()
    assert "deed 50." in page
    assert "deed 0." not in page
    older = page[page.index("?before=") :].split('"')[0]
    assert "deed 0." in client.get(f"/activity/{older}").content.decode()


def test_filters_by_deployment(browser: Callable[..., Client], states: States) -> None:
    states.action(states.off("one"), "to one.", usd="12.2")
    states.action(states.off("two"), "to two.")
    page = browser().get("/activity/", {"deployment": "one"}).content.decode()
    assert "to one." in page
    assert "about $12.20" in page
    assert "192.0.2.7" in page
    assert "to two." not in page


def test_filters_by_person_deed_and_day_and_keeps_them_on_the_next_page(
    browser: Callable[..., Client], states: States
) -> None:
    for number in range(51):
        states.action(None, f"deed {number}.", who="Anna")
    states.action(None, "of Ben.", who="Ben")
    Action.objects.filter(summary="deed 7.").update(verb="turn_off")
    Action.objects.filter(summary="deed 9.").update(at=datetime(2026, 1, 31, 23, 30, tzinfo=UTC))
    client = browser()

    def page(**asked: str) -> str:
        return client.get("/activity/", asked).content.decode()

    assert "of Ben." not in page(who="Anna")
    assert "deed 7." in page(what="turn_off")
    assert "deed 8." not in page(what="turn_off")
    assert "who=Anna&amp;before=" in page(who="Anna")
    assert "deed 9." in page(since="2026-01-31", until="2026-01-31")
    assert "Nothing in the record is like that" in page(until="2026-01-30")
    User.objects.update(time_zone="Europe/Berlin")  # there it was February
    assert "deed 9." in page(since="2026-02-01", until="2026-02-01")
    assert client.get("/activity/", {"since": "soon", "until": "9999-12-31"}).status_code == 200


def test_empty_record_says_what_will_be_here(browser: Callable[..., Client], states: States) -> None:
    client = browser()
    assert "Nothing was done yet" in client.get("/activity/").content.decode()
    assert client.get("/activity/", {"before": "x", "deployment": "no-such"}).status_code == 200

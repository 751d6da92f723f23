"""The audit record, by pages."""

from collections.abc import Callable

from django.test import Client

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


def test_empty_record_says_what_will_be_here(browser: Callable[..., Client], states: States) -> None:
    client = browser()
    assert "Nothing was done yet" in client.get("/activity/").content.decode()
    assert client.get("/activity/", {"before": "x", "deployment": "no-such"}).status_code == 200

"""The audit record, by pages."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.test import Client

from controlpanel.models import User
from deployments.models import Action
from deployments.planning.power import Role

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
    page = browser(Role.ADMIN).get("/activity/", {"deployment": "one"}).content.decode()
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


def test_shows_before_and_after_and_gives_the_same_as_csv(
    browser: Callable[..., Client], states: States
) -> None:
    made = states.off("one")
    row = states.action(made, "Ada changed it.", usd="2.70")
    details = {"max_model_len": {"before": 131072, "after": 61440}, "reason": "memory", "note": "=1+1"}
    Action.objects.filter(pk=row.pk).update(details=details, via="api")
    states.action(None, "=SUM(1)", who="+Ben")
    client = browser(Role.ADMIN)
    page = client.get("/activity/", {"via": "api"}).content.decode()
    assert "<del" in page
    assert "131072" in page
    assert "61440" in page
    assert "REST, 192.0.2.7" in page
    assert "+Ben" not in page.split("<tbody>")[1]
    answer = client.get("/activity/activity.csv")
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert lines[0].startswith("at,who,way,address,key_id,what,deployment")
    assert lines[1].endswith(",'=SUM(1),,")
    assert "'+Ben" in lines[1]
    assert "max_model_len: 131072 -> 61440,2.700000" in lines[2]
    assert b"".join(client.get("/activity/activity.csv?who=Ada").streaming_content).count(b"\n") == 2  # type: ignore[attr-defined]


def test_a_page_costs_the_same_however_long_it_is(
    browser: Callable[..., Client], states: States, django_assert_max_num_queries: Any
) -> None:
    made = states.off("one")
    for number in range(60):
        states.action(made, f"deed {number}.")
    client = browser()
    with django_assert_max_num_queries(16):  # the frame; rows, three choices, names of keys
        client.get("/activity/")

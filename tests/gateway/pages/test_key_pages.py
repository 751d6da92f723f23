"""The pages of keys: what is listed, made, shown once, refused and revoked."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from controlpanel.models import User
from deployments.planning.power import SYSTEM, Role
from gateway.keys import create_key
from gateway.models import ApiKey, UsageRecord
from gateway.public import issue_token
from tests.deployments.pages.states import States

FORM = {"name": "laptop", "scopes": ["read", "chat"], "reach": "all", "expires": "90d", "form_token": "a"}
Browser = Callable[..., Client]


def made(owner: User, name: str = "laptop", **more: Any) -> ApiKey:
    return create_key(actor=SYSTEM, owner=owner, name=name, scopes=["read", "chat"], **more)[0]


def person(client: Client) -> User:
    return User.objects.get(pk=client.session["_auth_user_id"])


def used(key: ApiKey, *, days_ago: float = 1, tokens: int | None = 700) -> None:
    UsageRecord.objects.create(
        request_id=f"r{UsageRecord.objects.count()}", key=key, user=key.owner, path="/v1/chat/completions",
        status=200, started_at=timezone.now() - timedelta(days=days_ago), duration_s=1.0,
        prompt_tokens=tokens, completion_tokens=tokens, outcome="ok",
    )  # fmt: skip


def text(client: Client, path: str, **data: Any) -> str:
    return client.get(path, data).content.decode()


def test_one_sees_ones_own_keys_and_an_admin_everyones(browser: Browser) -> None:
    anna, ben = browser(Role.MEMBER, "anna"), browser(Role.MEMBER, "ben")
    made(person(anna), "of anna")
    made(person(ben), "of ben")
    issue_token(person(anna).pk, purpose="of the panel", lifetime_s=60, scopes=frozenset({"chat"}))
    page = text(anna, "/keys/")
    assert "of anna" in page
    assert "of ben" not in page
    admin = browser(Role.ADMIN)
    assert {"of anna", "of ben"} <= set(re.findall(r"of \w+", text(admin, "/keys/")))
    only = text(admin, "/keys/", owner="ben")
    assert "of ben" in only
    assert "of anna" not in only
    assert "of the panel" not in text(admin, "/keys/", ended="yes")


def test_use_of_the_last_30_days_is_counted(browser: Browser) -> None:
    client = browser(Role.MEMBER)
    key = made(person(client))
    for days in (1, 2, 29, 31):
        used(key, days_ago=days)
    used(key, tokens=None)
    page = re.sub(r"<[^>]+>", " ", text(client, "/keys/"))
    assert "4" in page
    assert "2,100" in page


def test_queries_do_not_grow_with_the_list(browser: Browser) -> None:
    client = browser(Role.ADMIN)

    def count() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get("/keys/").status_code == 200
        return len(caught)

    used(made(person(client)))
    few = count()
    for number in range(5):
        used(made(person(browser(Role.MEMBER, f"m{number}"))))
    assert count() == few


def test_long_lists_come_by_pages(browser: Browser) -> None:
    client = browser(Role.MEMBER)
    for number in range(51):
        made(person(client), f"key-{number}.")
    page = text(client, "/keys/")
    assert "key-50." in page
    assert "key-0." not in page
    older = page[page.index("?before=") :].split('"')[0]
    assert "key-0." in text(client, f"/keys/{older}")


def test_empty_list_teaches_the_next_step(browser: Browser) -> None:
    assert "No key yet" in text(browser(Role.MEMBER), "/keys/")
    assert "A Member can make keys" in text(browser(Role.VIEWER), "/keys/")


def test_secret_is_shown_in_one_answer_and_no_other(browser: Browser) -> None:
    client = browser(Role.MEMBER)
    response = client.post("/keys/new/", FORM)
    secret = re.search(r"pl_[\w-]{43}", response.content.decode())
    assert secret
    assert "no-store" in response["Cache-Control"]
    key = ApiKey.objects.get()
    assert (key.name, key.scopes, key.when_asleep) == ("laptop", ["read", "chat"], "refuse")
    assert key.expires_at
    assert timedelta(days=89) < key.expires_at - key.created_at <= timedelta(days=90)
    for path in ("/keys/", "/keys/new/", "/activity/", f"/keys/{key.pk}/revoke/"):
        assert secret[0] not in text(client, path)


def test_reloading_the_answer_makes_no_second_key(browser: Browser) -> None:
    client = browser(Role.MEMBER)
    client.post("/keys/new/", FORM)
    again = client.post("/keys/new/", FORM, follow=True)
    assert "That form was sent before" in again.content.decode()
    assert ApiKey.objects.count() == 1
    client.post("/keys/new/", FORM | {"form_token": "b"})
    assert ApiKey.objects.count() == 2


def test_what_was_typed_comes_back_with_every_error(browser: Browser, states: States) -> None:
    states.asleep()
    client = browser(Role.OPERATOR)
    sent = {
        "name": " ", "scopes": ["wake", "root"], "reach": "some", "expires": "day", "last_day": "2001-02-03",
        "when_asleep": "hold", "hold_minutes": "ninety",
    }  # fmt: skip
    response = client.post("/keys/new/", sent)
    page = response.content.decode()
    assert response.status_code == 422
    for said in (
        "Give the key a name", "There is no scope root", "Name at least one deployment", "in the future",
        "whole minutes", 'value="ninety"', 'value="2001-02-03"', 'aria-invalid="true"',
    ):  # fmt: skip
        assert said in page, said
    assert 'name="scopes" value="wake" checked' in page
    assert ApiKey.objects.count() == 0


@pytest.mark.parametrize(
    ("more", "field", "value"),
    [
        ({"expires": "never"}, "expires_at", None),
        ({"reach": "some", "deployments": ["asleep"]}, "deployments", ["asleep"]),
        ({"scopes": ["chat", "wake"], "when_asleep": "answer", "hold_minutes": "5"}, "hold_limit_s", None),
        ({"scopes": ["chat", "wake"], "when_asleep": "hold", "hold_minutes": "5"}, "hold_limit_s", 300),
        ({"scopes": ["chat", "wake"], "when_asleep": "answer"}, "when_asleep", "answer"),
        ({"scopes": ["chat"], "when_asleep": "hold"}, "when_asleep", "refuse"),
    ],
)
def test_a_choice_is_kept(browser: Browser, states: States, more: Any, field: str, value: Any) -> None:
    states.asleep()
    assert browser(Role.MEMBER).post("/keys/new/", FORM | more).status_code == 200
    assert getattr(ApiKey.objects.get(), field) == value


def test_last_day_ends_at_midnight_of_the_reader(browser: Browser) -> None:
    client = browser(Role.MEMBER)
    User.objects.update(time_zone="Europe/Berlin")
    client.post("/keys/new/", FORM | {"expires": "day", "last_day": "2099-06-30"})
    expires_at = ApiKey.objects.get().expires_at
    assert expires_at
    assert expires_at.isoformat() == "2099-06-30T22:00:00+00:00"


def test_nobody_is_offered_or_given_more_than_their_role(browser: Browser) -> None:
    client = browser(Role.MEMBER)
    assert 'value="operate"' not in text(client, "/keys/new/")
    response = client.post("/keys/new/", FORM | {"scopes": ["operate"]})
    assert response.status_code == 403
    assert "Leave out operate" in response.content.decode()


def test_revoking_asks_first_and_ends_it(browser: Browser) -> None:
    client = browser(Role.MEMBER)
    key = made(person(client))
    used(key)
    asked = text(client, f"/keys/{key.pk}/revoke/")
    assert "request in the last 30 days" in asked
    assert (
        '<dialog id="revoke"'
        in client.get(f"/keys/{key.pk}/revoke/", headers={"HX-Request": "true"}).content.decode()
    )
    assert not ApiKey.objects.get().revoked_at
    done = client.post(f"/keys/{key.pk}/revoke/", follow=True).content.decode()
    assert "is revoked" in done
    assert "No key yet" in done
    assert "revoked</span>" in text(client, "/keys/", ended="yes")
    assert client.post(f"/keys/{key.pk}/revoke/").status_code == 302


def test_somebody_elses_key_is_not_there(browser: Browser) -> None:
    key = made(person(browser(Role.MEMBER, "anna")))
    assert browser(Role.MEMBER, "ben").post(f"/keys/{key.pk}/revoke/").status_code == 404
    assert browser(Role.ADMIN).post(f"/keys/{key.pk}/revoke/").status_code == 302

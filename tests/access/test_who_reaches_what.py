"""Every address of the panel x everybody x every method, from one table. A new address needs its line."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from deployments.planning.power import Role, Scope
from deployments.services import outside
from tests.fakes.provider import FakeProvider

from .table import Row, rows
from .world import PEOPLE, World, browser, key_with, status_of

pytestmark = pytest.mark.django_db

TABLE = rows()
# Asked by tests of their own: they give their database connection back while they stream.
ELSEWHERE = {"/chat/replies/<str:public_id>/stream"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@pytest.fixture
def world(db: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    fake = FakeProvider(timezone.now)
    monkeypatch.setattr(outside, "provider_for", lambda account: fake)
    return World()


def walk(patterns: list[URLPattern | URLResolver], before: str = "/") -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, route)
        else:
            yield route


ROUTES = list(dict.fromkeys(walk(get_resolver().url_patterns)))


def test_every_address_has_its_line_and_every_line_its_address() -> None:
    listed = {row.route for row in TABLE}
    assert {route for route in ROUTES if not route.startswith("/admin/")} - ELSEWHERE == listed


@pytest.mark.parametrize("who", PEOPLE)
def test_people_reach_what_the_table_says(world: World, who: str) -> None:
    place, client, got = PEOPLE.index(who), browser(who), {}
    for row in TABLE:
        response = world.ask(client, row)
        got[row.said] = status_of(response)
        if who == "stranger" and response.status_code == 302:
            assert response["Location"].startswith("/accounts/login/"), row.said
        if response.status_code == 401:
            assert response["WWW-Authenticate"] == "Bearer", row.said
    assert got == {row.said: row.people[place] for row in TABLE}


@pytest.mark.parametrize("scope", list(Scope))
def test_keys_reach_what_the_table_says(world: World, scope: Scope) -> None:
    place, header = list(Scope).index(scope), key_with(scope)
    got = {row.said: world.status(Client(), row, Authorization=header) for row in TABLE}
    assert got == {row.said: row.keys[place] for row in TABLE}


def test_a_method_without_a_line_does_nothing(world: World) -> None:
    client, listed, wrong = browser(Role.ADMIN), {(row.method, row.route) for row in TABLE}, {}
    for route in dict.fromkeys(row.route for row in TABLE):
        for method in METHODS:
            if (method, route) in listed:
                continue
            status = world.status(client, Row(method, route, "", None, (), ()))
            if status != 405 and (status, route) != (404, "/api/v1/") and "^" not in route:
                wrong[f"{method} {route}"] = status
    assert wrong == {}


@pytest.mark.parametrize("who", ["stranger", Role.OPERATOR, Role.ADMIN])
def test_the_admin_site_is_an_admins_affair(world: World, who: str) -> None:
    client, got = browser(who), {}
    open_to_all = ("/admin/login/", "/admin/logout/", "/admin/jsi18n/")
    for route in ROUTES:
        if not route.startswith("/admin/") or route in open_to_all or "(" in route:
            continue
        address = route.replace("<path:object_id>", "1").replace("<path:content_type_id>", "1")
        address = address.replace("<id>", "1").replace("<int:", "<").split("<")[0]
        response = client.get(address, follow=True)
        got[address] = response.status_code
        assert who != "stranger" or response.request["PATH_INFO"] == "/accounts/login/", address
    expected = {"stranger": {200}, Role.ADMIN: {200, 403, 404}}.get(who, {403})
    assert set(got.values()) <= expected, {a: s for a, s in got.items() if s not in expected}
    assert len(got) > 40


def test_no_secret_is_in_any_answer_of_rest(world: World) -> None:
    header = key_with(Scope.READ)
    for row in TABLE:
        if row.method == "GET" and row.route.startswith("/api/") and "stream" not in row.route:
            text = world.ask(Client(), row, Authorization=header).content.decode()  # type: ignore[attr-defined]
            for secret in ("as-1", "ak-1", header.removeprefix("Bearer ")):
                assert secret not in text, row.said

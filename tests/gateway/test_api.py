"""Keys over REST."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.testing import TestClient

from controlpanel.models import User
from deployments.public import ROLE_SCOPES, Actor, Refused, Role, Via
from gateway.api import router
from gateway.keys import create_key
from gateway.models import ApiKey
from gateway.public import actor_for_key

Person = Callable[..., User]


@pytest.fixture
def caller() -> Callable[..., Any]:
    """Calls the API as somebody."""
    acting: dict[str, Actor | None] = {}
    api = NinjaAPI(auth=lambda request: acting["now"], urls_namespace="keys-test")
    api.exception_handler(Refused)(_refused)
    api.add_router("", router)
    client = TestClient(api)

    def call(user: User | None, role: Role, method: str, path: str, body: Any = None) -> Any:
        acting["now"] = user and Actor(
            user_id=user.pk, name=user.display_name, scopes=ROLE_SCOPES[role], via=Via.API
        )
        return getattr(client, method)(path, json=body) if body is not None else getattr(client, method)(path)

    return call


def _refused(request: HttpRequest, refused: Refused) -> HttpResponse:
    body = {"code": refused.code, "message": refused.message, "fields": refused.fields}
    return HttpResponse(json.dumps(body), status=refused.status, content_type="application/json")


@pytest.fixture(scope="module", autouse=True)
def _router_can_be_mounted_again() -> Any:
    yield
    router.api = None


def test_made_key_shows_its_secret_once_and_works(caller: Any, person: Person) -> None:
    anna = person()
    expires_at = datetime.now(UTC) + timedelta(days=1)
    wish = {"name": "ci", "scopes": ["chat"], "deployments": ["glm"], "expires_at": expires_at.isoformat()}
    made = caller(anna, Role.MEMBER, "post", "/keys", wish)
    assert made.status_code == 201
    assert (made.json()["when_asleep"], made.json()["hold_limit_s"]) == ("refuse", None)
    secret = made.json()["secret"]
    actor = actor_for_key(secret, via=Via.API)
    assert actor is not None
    assert actor.deployments == {"glm"}
    listed = caller(anna, Role.MEMBER, "get", "/keys").json()
    assert listed["next"] is None
    assert [key["name"] for key in listed["items"]] == ["ci"]
    assert secret not in json.dumps(listed)
    assert "secret" not in listed["items"][0]
    assert "secret_hash" not in json.dumps(listed)


def test_key_says_how_long_it_holds(caller: Any, person: Person) -> None:
    wish = {"name": "ci", "scopes": ["chat", "wake"], "when_asleep": "hold", "hold_limit_s": 300}
    made = caller(anna := person(), Role.MEMBER, "post", "/keys", wish)
    assert (made.json()["when_asleep"], made.json()["hold_limit_s"]) == ("hold", 300)
    wrong = caller(anna, Role.MEMBER, "post", "/keys", wish | {"hold_limit_s": -1})
    assert set(wrong.json()["fields"]) == {"hold_limit_s"}


def test_wrong_fields_are_named(caller: Any, person: Person) -> None:
    answer = caller(person(), Role.MEMBER, "post", "/keys", {"name": "", "scopes": ["fly"]})
    assert answer.status_code == 422
    assert set(answer.json()["fields"]) == {"name", "scopes"}


def test_nobody_makes_a_key_beyond_their_role(caller: Any, person: Person) -> None:
    answer = caller(person(), Role.MEMBER, "post", "/keys", {"name": "x", "scopes": ["admin"]})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert not ApiKey.objects.exists()


def test_admin_makes_a_key_for_somebody(caller: Any, person: Person) -> None:
    person()
    admin = person("root", Role.ADMIN)
    body = {"name": "x", "scopes": ["chat"], "owner": "anna"}
    assert caller(admin, Role.ADMIN, "post", "/keys", body).json()["owner"] == "anna"
    missing = caller(admin, Role.ADMIN, "post", "/keys", body | {"owner": "nobody"})
    assert (missing.status_code, set(missing.json()["fields"])) == (422, {"owner"})


def test_revoking_twice_is_no_error(caller: Any, person: Person) -> None:
    anna = person()
    made = caller(anna, Role.MEMBER, "post", "/keys", {"name": "x", "scopes": ["chat"]}).json()
    for _ in range(2):
        assert caller(anna, Role.MEMBER, "delete", f"/keys/{made['id']}").status_code == 204
    assert actor_for_key(made["secret"], via=Via.API) is None


def test_key_of_somebody_else_is_not_there(caller: Any, person: Person) -> None:
    anna, bert = person(), person("bert")
    made = caller(anna, Role.MEMBER, "post", "/keys", {"name": "x", "scopes": ["chat"]}).json()
    assert caller(bert, Role.MEMBER, "delete", f"/keys/{made['id']}").status_code == 404
    assert caller(bert, Role.MEMBER, "get", "/keys").json()["items"] == []


def test_stranger_gets_nothing(caller: Any, db: None) -> None:
    assert caller(None, Role.MEMBER, "get", "/keys").status_code == 401


def test_pages_follow_each_other(caller: Any, person: Person, django_assert_max_num_queries: Any) -> None:
    anna = person()
    actor = Actor(user_id=anna.pk, name="anna", scopes=ROLE_SCOPES[Role.MEMBER], via=Via.API)
    for number in range(5):
        create_key(actor=actor, owner=anna, name=f"key {number}", scopes=["chat"])
    names: list[str] = []
    path = "/keys?limit=2"
    with django_assert_max_num_queries(3):  # one for each page
        while path:
            page = caller(anna, Role.MEMBER, "get", path).json()
            names += [key["name"] for key in page["items"]]
            path = f"/keys?limit=2&cursor={page['next']}" if page["next"] else ""
    assert names == ["key 4", "key 3", "key 2", "key 1", "key 0"]


@pytest.mark.parametrize("cursor", ["x", "-1", "²", "9" * 30])
def test_wrong_cursor_is_named(caller: Any, person: Person, cursor: str) -> None:
    answer = caller(person(), Role.MEMBER, "get", f"/keys?cursor={cursor}")
    assert (answer.status_code, set(answer.json()["fields"])) == (422, {"cursor"})

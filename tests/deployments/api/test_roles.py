"""Who may call what: every operation for every role, for a stranger, and for a key of another deployment."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from controlpanel.rest.documentation import document
from deployments.models import Account, Deployment, Lease
from deployments.planning.power import Role, Scope
from deployments.planning.presets import GLM_5_2_FP8
from gateway.models import ApiKey
from tests.deployments.pages.states import States

from .callers import ROOT, Caller, keyed

pytestmark = pytest.mark.django_db

CONFIG = GLM_5_2_FP8.to_json() | {"app_name": "another"}
NEW = {"slug": "new", "name": "New", "config": CONFIG}
KEY = {"name": "mine", "scopes": ["read"]}
BUDGET = {"scope": "panel", "amount_usd": "900"}
SEES = (200, 200, 200, 200)
# What Viewer, Member, Operator and Admin get.
TABLE: list[tuple[str, str, Any, tuple[int, int, int, int]]] = [
    ("get", "/deployments", None, SEES),
    ("post", "/deployments", NEW, (403, 403, 403, 201)),
    ("get", "/deployments/asleep", None, SEES),
    ("patch", "/deployments/asleep", {"name": "Other"}, (403, 403, 403, 200)),
    ("delete", "/deployments/off", None, (403, 403, 403, 204)),
    ("get", "/deployments/asleep/status", None, SEES),
    ("get", "/deployments/asleep/quote", None, SEES),
    ("post", "/deployments/asleep/start", None, (403, 202, 202, 202)),
    ("post", "/deployments/off/start", None, (403, 403, 202, 202)),
    ("post", "/deployments/asleep/start", {"until": "LATER"}, (403, 403, 202, 202)),
    ("post", "/deployments/ready/extend", {"lease_id": "LEASE", "until": "LATER"}, (403, 403, 200, 200)),
    ("delete", "/leases/LEASE", None, (403, 403, 200, 200)),
    ("post", "/deployments/ready/sleep", None, (403, 409, 409, 409)),
    ("post", "/deployments/ready/sleep", {"force": True}, (403, 403, 202, 202)),
    ("post", "/deployments/asleep/turn-off", None, (403, 202, 202, 202)),
    ("post", "/deployments/ready/turn-off", {"force": True}, (403, 403, 202, 202)),
    ("get", "/freeze", None, SEES),
    ("post", "/freeze", None, (403, 403, 200, 200)),
    ("delete", "/freeze", None, (403, 403, 403, 409)),
    ("post", "/deployments/asleep/download", None, (403, 403, 202, 202)),
    ("delete", "/deployments/asleep/download", None, (403, 403, 409, 409)),
    ("get", "/deployments/asleep/releases", None, SEES),
    ("post", "/deployments/asleep/releases", None, (403, 403, 201, 201)),
    ("get", "/deployments/asleep/releases/1", None, SEES),
    ("post", "/deployments/asleep/releases/1/rollback", None, (403, 403, 201, 201)),
    ("get", "/deployments/ready/runs", None, SEES),
    ("get", "/deployments/ready/runs/RUN", None, SEES),
    ("get", "/deployments/ready/logs", None, SEES),
    ("get", "/deployments/ready/logs/stream", None, SEES),
    ("get", "/accounts", None, SEES),
    ("get", "/prices", None, SEES),
    ("get", "/actions", None, SEES),
    ("get", "/costs", None, SEES),
    ("get", "/usage", None, SEES),
    ("get", "/budgets", None, SEES),
    ("put", "/budgets", BUDGET, (403, 403, 403, 200)),
    ("get", "/users", None, SEES),
    ("get", "/keys", None, SEES),
    ("post", "/keys", KEY, (403, 201, 201, 201)),
    ("delete", "/keys/KEY", None, (404, 404, 404, 204)),
]
LATER = (datetime.now(UTC) + timedelta(hours=3)).isoformat()


@pytest.fixture
def world(states: States) -> Callable[[str, Any], tuple[str, Any]]:
    """Three deployments, and how the words in capitals of the table are filled in."""
    for state in ("off", "asleep", "ready"):
        getattr(states, state)()
    other = keyed(Role.ADMIN, "other")
    ids = {"LEASE": Lease.objects.latest("id").pk, "KEY": ApiKey.objects.get(owner=other.user).pk}
    ids["RUN"] = Deployment.objects.get(slug="ready").runs.latest("id").pk

    def fill(path: str, body: Any) -> tuple[str, Any]:
        for word, number in ids.items():
            path = path.replace(word, str(number))
        if isinstance(body, dict):
            body = {k: {"LATER": LATER, "LEASE": ids["LEASE"]}.get(str(v), v) for k, v in body.items()}
        return path, body

    return fill


def asked(asking: Any, world: Any, cases: list[Any]) -> dict[str, int]:
    """The status of every case, each in a world of its own."""
    got = {}
    for method, path, body, _ in cases:
        with transaction.atomic():
            got[name(method, path, body)] = asking(method, *world(path, body)).status_code
            transaction.set_rollback(True)
    return got


def name(method: str, path: str, body: Any) -> str:
    return f"{method} {path} {json.dumps(body)[:30]}"


@pytest.mark.parametrize("role", list(Role))
def test_role_decides(world: Any, role: Role) -> None:
    place = list(Role).index(role)
    expected = {name(method, path, body): statuses[place] for method, path, body, statuses in TABLE}
    assert asked(keyed(role), world, TABLE) == expected


def test_stranger_gets_nothing(world: Any) -> None:
    def ask(method: str, path: str, body: Any) -> HttpResponse:
        response = Client().generic(method.upper(), ROOT + path, json.dumps(body), "application/json")
        assert response["WWW-Authenticate"] == "Bearer"
        return response

    assert set(asked(ask, world, TABLE).values()) == {401}


def test_limited_key_does_not_find_other_deployments(world: Any) -> None:
    limited = keyed(Role.ADMIN, deployments=["elsewhere"])
    cases = [case for case in TABLE if "/deployments/" in case[1] or "/leases" in case[1]]
    assert set(asked(limited, world, cases).values()) == {404}


def test_limited_key_cannot_touch_everything(world: Any) -> None:
    limited = keyed(Role.ADMIN, deployments=["asleep"])
    assert limited("post", "/freeze").status_code == 403
    assert limited("delete", "/freeze").status_code == 403
    assert limited("post", "/deployments", NEW).status_code == 403
    assert [one["slug"] for one in limited.get("/deployments")["items"]] == ["asleep"]


@pytest.mark.parametrize(
    ("scope", "start", "freeze", "read"),
    [
        (Scope.READ, 403, 403, 200),
        (Scope.CHAT, 403, 403, 403),
        (Scope.WAKE, 202, 403, 403),
        (Scope.OPERATE, 403, 200, 403),
    ],
)
def test_key_does_no_more_than_its_scopes(
    world: Any, scope: Scope, start: int, freeze: int, read: int
) -> None:
    admin = keyed(Role.ADMIN, scopes=[scope])
    assert admin("get", "/deployments").status_code == read
    assert admin("post", "/deployments/asleep/start").status_code == start
    assert admin("post", "/freeze").status_code == freeze


def test_table_has_every_operation() -> None:
    listed = {(method, _shape(path)) for method, path, _, _ in TABLE}
    assert listed == {
        (method, path.removeprefix(ROOT)) for path, ops in document()["paths"].items() for method in ops
    }


def _shape(path: str) -> str:
    for slug in ("asleep", "off", "ready"):
        path = path.replace(f"/{slug}", "/{slug}") if path.startswith(f"/deployments/{slug}") else path
    names = {"LEASE": "{lease_id}", "KEY": "{key_id}", "RUN": "{run_id}", "/1": "/{number}"}
    for word, name in names.items():
        path = path.replace(word, f"/{name.removeprefix('/')}" if word == "/1" else name)
    return path


def test_no_secret_is_in_any_answer(world: Any) -> None:
    Account.objects.update(last_error="")
    admin: Caller = keyed(Role.ADMIN)
    for method, path, _, _ in TABLE:
        if method == "get" and "stream" not in path:
            text = admin("get", world(path, None)[0]).content.decode()
            assert "as-1" not in text
            assert "ak-1" not in text
            assert admin.secret not in text

"""How REST says no, whatever went wrong."""

from typing import Any
from urllib.parse import unquote

import pytest
from django.db import IntegrityError, OperationalError
from django.utils import timezone

from deployments.api import records
from deployments.planning.power import Role
from tests.deployments.api.callers import ROOT, Caller, keyed, ok
from tests.deployments.pages.states import States

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/deployments/", "/deployments/a/b/c", "/leases/x", "", "/a%0Ab"]
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_unknown_address_is_said_in_json(path: str, method: str) -> None:
    problem = ok(keyed()(method, path), 404)
    assert set(problem) == {"code", "message", "fields"}
    assert ROOT + unquote(path) in problem["message"]


@pytest.mark.parametrize("method", ["put", "head", "options", "trace"])
def test_unknown_method_names_the_known_ones(method: str) -> None:
    response = keyed()(method, "/deployments")
    assert (response.status_code, response["Allow"]) == (405, "GET, POST")


def test_nothing_is_kept_by_a_cache() -> None:
    assert keyed()("get", "/deployments")["Cache-Control"] == "no-store"


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> Caller:
    """Reads a list whose reading fails."""

    def fail(*args: object) -> Any:
        raise error

    caller = keyed(Role.VIEWER)
    monkeypatch.setattr(records, "page", fail)
    return caller


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (OperationalError("database is locked"), 503, "unavailable"),
        (IntegrityError("UNIQUE constraint failed"), 409, "conflict"),
        (ZeroDivisionError("a secret in the text"), 500, "internal"),
    ],
)
def test_failure_is_said_without_its_text(
    monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    problem = ok(failing(monkeypatch, error)("get", "/actions"), status)
    assert problem["code"] == code
    assert str(error) not in str(problem)


def test_body_that_is_too_large_is_refused(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    caller = keyed()
    for headers in ({}, {"Idempotency_Key": "a"}):
        problem = ok(caller("post", "/freeze", {"reason": "longer than ten"}, **headers), 400)
        assert problem["code"] == "malformed"


def test_field_deep_in_a_body_is_named() -> None:
    States(timezone.now())
    body = {"slug": "a", "name": "a", "config": {"image": {"reference": "x", "colour": 1}}}
    problem = ok(keyed(Role.ADMIN)("post", "/deployments", body), 422)
    assert list(problem["fields"]) == ["config.image"]

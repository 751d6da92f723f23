"""The OpenAPI document, what it promises, and the page that shows it."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, seed, settings
from hypothesis.strategies import sampled_from
from ninja import Schema
from schemathesis import GenerationMode, checks

from controlpanel.rest.documentation import document
from controlpanel.rest.problems import STATUSES
from deployments.api.waiting import until_state
from deployments.planning.power import Role
from deployments.services import (
    account_check,
    accounts,
    enqueue,
    model_sizes,
    outside,
    retiring,
    rotation,
)
from tests.deployments.api.callers import ROOT, browser, keyed, ok
from tests.deployments.pages.states import States
from tests.fakes.provider import FakeProvider

DOCUMENT = f"{ROOT}/openapi.json"


@pytest.mark.django_db
def test_document_is_for_those_who_may_read() -> None:
    assert Client().get(DOCUMENT).status_code == 401
    assert browser(Role.VIEWER).get(DOCUMENT).status_code == 200
    assert ok(keyed()("get", "/openapi.json"), 200)["openapi"].startswith("3.1")


@pytest.mark.django_db
def test_page_is_for_those_who_are_signed_in() -> None:
    response = Client().get(f"{ROOT}/docs")
    assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={ROOT}/docs")
    page = browser(Role.VIEWER).get(f"{ROOT}/docs").content.decode()
    assert f'"url": "{DOCUMENT}"' in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "cdn" not in page


def test_no_two_shapes_share_a_name() -> None:
    """In the document the later one would stand for both."""
    document()

    def below(kind: type[Schema]) -> Iterator[type[Schema]]:
        for one in kind.__subclasses__():
            yield one
            yield from below(one)

    mine = ("deployments.", "controlpanel.", "gateway.", "chat.")
    made = {one for one in below(Schema) if one.__module__.startswith(mine)}
    names = Counter(one.__name__ for one in made if "[" not in one.__name__)
    assert [name for name, count in names.items() if count > 1] == []


def test_every_operation_declares_every_error_and_who_may() -> None:
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            assert {str(status) for status in STATUSES} <= set(operation["responses"]), (method, path)
            assert operation["security"], (method, path)
            assert "x-scope" in operation or path.startswith(f"{ROOT}/keys"), (method, path)
            names = [parameter["name"] for parameter in operation["parameters"]]
            assert ("Idempotency-Key" in names) == (method == "post"), (method, path)


def test_money_is_text_in_the_document() -> None:
    schemas: dict[str, Any] = document()["components"]["schemas"]
    for schema in schemas.values():
        for name, field in schema.get("properties", {}).items():
            if name.endswith("_usd") or name.startswith("usd"):
                kinds = {each.get("type") for each in field.get("anyOf", [field])}
                assert kinds <= {"string", "null"}, name


CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, db: None) -> Iterator[Any]:
    """The panel as a WSGI application over the rows of this test, and an admin who may do everything."""
    monkeypatch.setattr(enqueue, "_send", lambda *message: None)
    provider = FakeProvider(timezone.now)  # for what asks one while it answers
    for asking in (
        account_check,
        accounts,
        model_sizes,
        outside,
        retiring,
        rotation,
    ):
        monkeypatch.setattr(asking, "provider_for", lambda account: provider)
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)  # they would end the transaction of the test
    yield get_wsgi_application()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def test_every_answer_is_as_the_document_says(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    states = States(timezone.now())
    for state in ("off", "asleep", "waking", "ready", "failed"):
        getattr(states, state)()
    headers = {"Authorization": f"Bearer {keyed(Role.ADMIN).secret}"}
    monkeypatch.setattr("deployments.api.status.until_state", partial(_no_wait, until_state))
    schema: Any = schemathesis.openapi.from_dict(document())
    schema.app = served
    tried = set()
    for found in schema.exclude(path_regex="/stream$").get_all_operations():
        operation = found.ok()
        tried.add((operation.method, operation.path))
        _try(operation, headers)
    assert len(tried) > 25


def _try(operation: Any, headers: dict[str, str]) -> None:
    @seed(1)
    @settings(max_examples=5, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(
        case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
        | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
        slug=sampled_from([None, "off", "asleep", "waking", "ready", "failed"]),
    )
    def answers(case: Any, slug: str | None) -> None:
        if slug is not None and "slug" in case.path_parameters:
            case.path_parameters["slug"] = slug
        case.call_and_validate(headers=headers, checks=CHECKS)

    answers()


async def _no_wait(until: Any, read: Any, wanted: Any, timeout_s: float) -> Any:
    return await until(read, wanted, 0.0)

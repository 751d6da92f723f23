"""`Idempotency-Key`: the same request again gets the same answer and does nothing."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from controlpanel.rest import once as once_module
from controlpanel.rest.once import once
from deployments.models import Account, IdempotencyRecord, Lease
from deployments.planning.power import ROLE_SCOPES, Actor, Role, Via
from deployments.services import enqueue
from gateway.models import ApiKey
from tests.deployments.api.callers import Caller, keyed
from tests.deployments.pages.states import States

pytestmark = pytest.mark.django_db
START = "/deployments/asleep/start"


@pytest.fixture(autouse=True)
def _nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enqueue, "_send", lambda *message: None)


@pytest.fixture
def caller() -> Caller:
    """An operator of a deployment that is asleep."""
    States(timezone.now()).asleep()
    return keyed()


def test_repeat_gets_the_same_answer_and_does_nothing(caller: Caller) -> None:
    first = caller("post", START, {"reason": "a"}, Idempotency_Key="one")
    second = caller("post", START, {"reason": "a"}, Idempotency_Key="one")
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert second["Idempotency-Replayed"] == "true"
    assert Lease.objects.count() == 1


def test_another_key_does_it_again(caller: Caller) -> None:
    for key in ("one", "two"):
        caller.post(START, Idempotency_Key=key)
    assert Lease.objects.count() == 2


@pytest.mark.parametrize(("path", "body"), [(START, {"reason": "b"}), ("/freeze", {"reason": "a"})])
def test_key_of_another_request_is_refused(caller: Caller, path: str, body: Any) -> None:
    caller.post(START, {"reason": "a"}, Idempotency_Key="one")
    problem = caller.post(path, body, 422, Idempotency_Key="one")
    assert problem["code"] == "idempotency_key_reused"
    assert Lease.objects.count() == 1


def test_keys_of_two_callers_are_two(caller: Caller) -> None:
    for each in (caller, keyed()):
        each.post(START, Idempotency_Key="one")
    assert Lease.objects.count() == 2


def test_refusal_is_repeated_too(caller: Caller) -> None:
    caller.post("/freeze", status=200)
    refused = caller.post(START, None, 409, Idempotency_Key="one")
    keyed(Role.ADMIN)("delete", "/freeze")
    assert caller.post(START, None, 409, Idempotency_Key="one") == refused


def test_failure_of_the_panel_can_be_tried_again(caller: Caller) -> None:
    account = Account.objects.get()
    account.blind_since = timezone.now() - timedelta(minutes=10)
    account.save(update_fields=["blind_since"])
    caller.post(START, None, 503, Idempotency_Key="one")
    account.blind_since = None
    account.save(update_fields=["blind_since"])
    caller.post(START, None, 202, Idempotency_Key="one")


def test_request_of_a_process_that_died_can_be_repeated_after_a_minute(caller: Caller) -> None:
    caller.post(START, Idempotency_Key="one")
    records = IdempotencyRecord.objects.all()
    records.update(status=None, body=None, created_at=timezone.now() - timedelta(seconds=61))
    caller.post(START, Idempotency_Key="one")
    assert Lease.objects.count() == 2
    assert records.get().status == 202


def test_request_under_way_is_not_begun_again(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once_module, "WAIT_S", 0.0)
    caller.post(START, Idempotency_Key="one")
    IdempotencyRecord.objects.update(status=None, body=None)
    problem = caller.post(START, None, 409, Idempotency_Key="one")
    assert problem["code"] == "in_progress"
    assert Lease.objects.count() == 1


def test_answer_is_kept_for_a_day(caller: Caller) -> None:
    caller.post(START, Idempotency_Key="one")
    IdempotencyRecord.objects.update(created_at=timezone.now() - timedelta(hours=25))
    caller.post(START, Idempotency_Key="one")
    assert Lease.objects.count() == 2
    assert IdempotencyRecord.objects.count() == 1


@pytest.mark.parametrize("key", ["", "with space", "ü", "x" * 256])
def test_key_that_is_none_is_named(caller: Caller, key: str) -> None:
    problem = caller.post(START, None, 422, Idempotency_Key=key)
    assert list(problem["fields"]) == ["Idempotency-Key"]


def test_stranger_leaves_no_record(caller: Caller) -> None:
    ApiKey.objects.all().delete()
    assert caller("post", START, None, Idempotency_Key="one").status_code == 401
    assert not IdempotencyRecord.objects.exists()


def test_secret_of_a_new_key_is_repeated_and_not_stored_in_clear(caller: Caller) -> None:
    wish = {"name": "ci", "scopes": ["read"]}
    made = caller.post("/keys", wish, 201, Idempotency_Key="one")
    assert caller.post("/keys", wish, 201, Idempotency_Key="one") == made
    assert made["secret"] not in str(IdempotencyRecord.objects.values())


def test_answer_is_lost_with_the_secret_key(caller: Caller, settings: Any) -> None:
    caller.post(START, Idempotency_Key="one")
    settings.SECRET_KEY = "another" * 10
    assert caller.post(START, None, 409, Idempotency_Key="one")["code"] == "answer_lost"
    assert Lease.objects.count() == 1


def test_answer_that_could_not_be_kept_is_given(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(once_module, "settle", fail)
    caller.post(START, Idempotency_Key="one")
    assert Lease.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_at_once_do_it_once() -> None:
    States(timezone.now()).asleep()
    caller = keyed()
    gate, answers = threading.Barrier(4), []

    def ask() -> None:
        twin = Caller(caller.user, caller.key_id, caller.secret)
        gate.wait()
        answers.append(twin("post", START, {"reason": "race"}, Idempotency_Key="one"))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert Lease.objects.count() == 1


def posted(key: str) -> HttpRequest:
    """A request whose caller is known already."""
    request = RequestFactory().post("/api/v1/x", headers={"Idempotency-Key": key})
    scopes = ROLE_SCOPES[Role.OPERATOR]
    request.auth = Actor(user_id=1, name="Anna", scopes=scopes, via=Via.API)
    return request


def counted() -> tuple[list[int], Callable[..., Any]]:
    """An asynchronous operation, and how often it ran."""
    ran: list[int] = []

    async def run(request: HttpRequest) -> HttpResponse:
        ran.append(1)
        return HttpResponse(f"{len(ran)}", status=202)

    return ran, once(run)


def test_asynchronous_operation_is_done_once_too() -> None:
    ran, run = counted()
    answers = [async_to_sync(run)(posted("one")) for _ in range(2)]
    assert [answer.content for answer in answers] == [b"1", b"1"]
    assert len(ran) == 1
    assert async_to_sync(run)(posted("two")).content == b"2"


def test_asynchronous_repeat_waits_and_says_that_it_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once_module, "WAIT_S", 0.0)
    _, run = counted()
    async_to_sync(run)(posted("one"))
    IdempotencyRecord.objects.update(status=None)
    assert async_to_sync(run)(posted("one")).status_code == 409

"""Starting, extending and giving back over REST."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deployments.models import Action, Lease, Price
from deployments.planning.power import Role
from tests.deployments.pages.states import States

from .callers import Caller

Make = Callable[..., Caller]


def later(**ahead: float) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat()


def test_start_answers_with_the_lease_and_hands_the_rest_on(
    caller: Make, states: States, sent: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    made = states.asleep()
    with django_capture_on_commit_callbacks(execute=True):
        lease = caller(Role.MEMBER).post("/deployments/asleep/start", {"until": None, "reason": "demo"})
    stored = Lease.objects.get(pk=lease["id"])
    assert (lease["holder"], lease["reason"], lease["via"]) == ("member", "demo", "api")
    assert (lease["until"], lease["mine"], lease["deployment"]) == (None, True, "asleep")
    assert isinstance(lease["quoted_usd"], str)
    assert stored.key_id is not None
    assert sent == [("deployments.tasks.reconcile", "control", made.pk)]


def test_until_comes_back_in_utc_with_z(caller: Make, states: States) -> None:
    states.asleep()
    until = (datetime.now(UTC) + timedelta(hours=2)).replace(microsecond=0)
    body = {"until": until.astimezone(tz=None).isoformat()}
    lease = caller().post("/deployments/asleep/start", body)
    assert lease["until"] == until.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"until": "2026-12-01T18:00:00"}, "until"),
        ({"until": "2020-12-01T18:00:00Z"}, "until"),
        ({"until": "0001-01-01T00:00:00+23:00"}, "until"),
        ({"until": "2026-02-30T00:00:00Z"}, "until"),
        ({"until": 1764612000}, "until"),
        ({"reason": "x" * 201}, "reason"),
        ({"accept_download": "yes"}, "accept_download"),
        ({"untill": None}, "untill"),
        ([], "body"),
    ],
)
def test_wrong_field_is_named(caller: Make, states: States, body: Any, field: str) -> None:
    states.asleep()
    problem = caller().post("/deployments/asleep/start", body, 422)
    assert problem["code"] == "invalid"
    assert list(problem["fields"]) == [field]
    assert not Lease.objects.exists()


@pytest.mark.parametrize(
    "body", ["{", b"\xff", '{"reason": NaN}', '{"reason": "\\u0000"}', '{"reason": "\\ud800"}']
)
def test_what_cannot_be_read_or_stored_is_malformed(caller: Make, states: States, body: Any) -> None:
    states.asleep()
    assert caller().post("/deployments/asleep/start", body, 400)["code"] == "malformed"


def test_missing_weights_need_consent(caller: Make, states: States) -> None:
    states.asleep(weights_present=False)
    problem = caller().post("/deployments/asleep/start", None, 409)
    assert problem["code"] == "weights_absent"
    assert "accept_download" in problem["fields"]
    caller().post("/deployments/asleep/start", {"accept_download": True})


def test_blind_panel_says_when_to_come_back(caller: Make, states: States) -> None:
    states.asleep()
    states.blind()
    response = caller()("post", "/deployments/asleep/start")
    assert (response.status_code, response["Retry-After"]) == (503, "10")


def test_missing_price_is_named_and_nothing_is_lit(caller: Make, states: States) -> None:
    states.asleep()
    Price.objects.all().delete()
    problem = caller().post("/deployments/asleep/start", None, 409)
    assert problem["code"] == "price_missing"
    assert not Lease.objects.exists()


def test_unknown_slug_is_not_found(caller: Make) -> None:
    assert caller().post("/deployments/nothing/start", None, 404)["code"] == "not_found"


def test_start_is_written_down_with_key_and_address(caller: Make, states: States) -> None:
    states.asleep()
    asking = caller()
    asking.post("/deployments/asleep/start")
    action = Action.objects.latest("id")
    assert (action.verb, action.key_id, action.via, action.address) == (
        "start", asking.key_id, "api", "127.0.0.1",
    )  # fmt: skip


def test_extend_moves_the_end_of_a_lease_of_this_deployment(caller: Make, states: States) -> None:
    states.ready()
    states.asleep()
    lease = Lease.objects.filter(deployment__slug="ready").latest("id")
    body = {"lease_id": lease.pk, "until": later(hours=3)}
    assert caller().post("/deployments/ready/extend", body, 200)["until"].endswith("Z")
    lease.refresh_from_db()
    assert lease.until is not None
    assert caller()("post", "/deployments/asleep/extend", body).status_code == 404


@pytest.mark.parametrize("lease_id", ["1", 1.5, True, None])
def test_lease_id_is_a_whole_number(caller: Make, states: States, lease_id: Any) -> None:
    states.ready()
    body = {"lease_id": lease_id, "until": None}
    assert list(caller().post("/deployments/ready/extend", body, 422)["fields"]) == ["lease_id"]


def test_lease_is_given_back_once(caller: Make, states: States) -> None:
    states.asleep()
    member = caller(Role.MEMBER)
    lease = member.post("/deployments/asleep/start")
    response = member("delete", f"/leases/{lease['id']}")
    assert (response.status_code, response.json()["end_reason"]) == (200, "released")
    assert member("delete", f"/leases/{lease['id']}").status_code == 404


def test_lease_of_somebody_else_needs_an_operator(caller: Make, states: States) -> None:
    states.asleep()
    lease = caller(Role.MEMBER, "one").post("/deployments/asleep/start")
    assert caller(Role.MEMBER, "two")("delete", f"/leases/{lease['id']}").status_code == 403
    assert caller(Role.OPERATOR)("delete", f"/leases/{lease['id']}").status_code == 200


def test_other_methods_are_refused_in_json(caller: Make, states: States) -> None:
    states.asleep()
    response = caller()("get", "/deployments/asleep/start")
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert response.json()["code"] == "method_not_allowed"


def test_it_can_be_lit_and_extended_for_a_number_of_seconds(caller: Make, states: States) -> None:
    states.asleep()
    who = caller()
    lease = who.post("/deployments/asleep/start", {"for_s": 7200})
    left = datetime.fromisoformat(lease["until"]) - datetime.now(UTC)
    assert timedelta(minutes=119) < left <= timedelta(hours=2)
    wrong = {"until": later(hours=1), "for_s": 60, "lease_id": lease["id"]}
    assert "for_s" in who.post("/deployments/asleep/extend", wrong, 422)["fields"]
    assert "until" in who.post("/deployments/asleep/extend", {"lease_id": lease["id"]}, 422)["fields"]
    assert who.post("/deployments/asleep/extend", {"lease_id": lease["id"], "for_s": 60}, 200)["until"]

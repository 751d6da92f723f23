"""Putting out over REST."""

from collections.abc import Callable
from typing import Any

from deployments.models import Deployment, Download, Freeze
from deployments.planning.power import Role
from tests.deployments.pages.states import States

from .callers import Caller

Make = Callable[..., Caller]


def test_sleep_says_that_it_goes_out(caller: Make, states: States) -> None:
    states.ready()
    assert caller().post("/deployments/ready/sleep", {"force": True})["state"] == "stopping"
    assert Deployment.objects.get(slug="ready").stop_kind == "sleep"


def test_in_use_names_who(caller: Make, states: States) -> None:
    states.ready()
    for path in ("sleep", "turn-off"):
        problem = caller().post(f"/deployments/ready/{path}", None, 409)
        assert (problem["code"], problem["fields"]["in_use_by"]) == ("in_use", ["Ada", "Grace"])


def test_member_puts_out_what_nobody_else_uses(caller: Make, states: States) -> None:
    states.asleep()
    member = caller(Role.MEMBER)
    member.post("/deployments/asleep/start")
    member.post("/deployments/asleep/turn-off")
    assert Deployment.objects.get(slug="asleep").stop_kind == "off"


def test_force_is_true_or_false(caller: Make, states: States) -> None:
    states.ready()
    assert list(caller().post("/deployments/ready/sleep", {"force": 1}, 422)["fields"]) == ["force"]


def test_freeze_stands_until_an_admin_lifts_it(caller: Make, states: States) -> None:
    states.ready()
    operator, admin = caller(), caller(Role.ADMIN)
    assert operator.get("/freeze")["frozen"] is False
    for _ in range(2):
        frozen = operator.post("/freeze", {"reason": "too dear"}, 200)
        assert (frozen["frozen"], frozen["set_by"], frozen["reason"]) == (True, "operator", "too dear")
    assert Freeze.objects.count() == 1
    assert operator.get("/freeze")["frozen"] is True
    assert operator.post("/deployments/ready/start", None, 409)["code"] == "frozen"
    assert admin("delete", "/freeze").json()["frozen"] is False
    assert admin("delete", "/freeze").json()["code"] == "not_frozen"


def test_download_runs_once_and_can_be_stopped(caller: Make, states: States) -> None:
    states.off(weights_present=False)
    operator = caller()
    assert operator.post("/deployments/off/download")["requested_by"] == "operator"
    assert operator.post("/deployments/off/download", None, 409)["code"] == "in_progress"
    assert operator.get("/deployments/off/status")["download"]["status"] == "requested"
    response: Any = operator("delete", "/deployments/off/download")
    assert (response.status_code, response.content) == (204, b"")
    assert Download.objects.get().status == "cancelled"

"""`GET` and `PUT /budgets`."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from deployments.models import Action, Budget, Lease
from deployments.planning.power import Role
from tests.deployments.pages.states import States

from .callers import Caller, ok

Make = Callable[..., Caller]


def put(who: Caller, status: int = 200, **wish: Any) -> Any:
    return ok(who("put", "/budgets", {"scope": "panel", "amount_usd": "900"} | wish), status)


def test_a_budget_is_set_told_raised_and_taken_away(caller: Make, states: States) -> None:
    states.ready()
    admin = caller(Role.ADMIN)
    made = put(admin, period="day", time_zone="Europe/Berlin")
    assert (made["amount_usd"], made["target_name"], made["exhausted"]) == ("900", "the whole panel", False)
    assert Decimal(made["spent_usd"]) > 0
    assert Decimal(made["left_usd"]) == 900 - Decimal(made["spent_usd"]) - Decimal(made["reserved_usd"])
    put(admin, period="day", amount_usd="1000")
    (told,) = caller(Role.VIEWER, "viewer").get("/budgets")["items"]
    assert told["amount_usd"] == "1000"
    put(admin, 204, period="day", amount_usd=None)
    put(admin, 204, period="day", amount_usd=None)
    assert admin.get("/budgets")["items"] == []
    assert Action.objects.filter(verb="budget").count() == 3


def test_a_start_beyond_it_is_refused_with_its_reason(caller: Make, states: States) -> None:
    states.asleep()
    admin = caller(Role.ADMIN)
    put(admin, scope="deployment", target="asleep", amount_usd="1")
    response: Any = admin("post", "/deployments/asleep/start", {"until": None})
    assert response.status_code == 409
    assert response.json()["code"] == "budget_exhausted"
    assert not Lease.objects.exists()


def test_a_person_and_a_key_can_be_limited(caller: Make, states: States) -> None:
    admin, member = caller(Role.ADMIN), caller(Role.MEMBER)
    put(admin, scope="person", target=str(member.user.pk))
    put(admin, scope="key", target=str(member.key_id), period="week")
    assert {(one["scope"], one["target_name"]) for one in admin.get("/budgets")["items"]} == {
        ("person", "member"), ("key", "the key test"),
    }  # fmt: skip


def test_a_limited_key_sees_the_budgets_of_its_deployments(caller: Make, states: States) -> None:
    states.asleep()
    admin = caller(Role.ADMIN)
    put(admin)
    put(admin, scope="deployment", target="asleep")
    limited = caller(Role.VIEWER, deployments=["asleep"])
    assert [one["target"] for one in limited.get("/budgets")["items"]] == ["asleep"]


def test_only_admins_set_and_nonsense_is_refused_by_name(caller: Make, states: States) -> None:
    put(caller(Role.OPERATOR), 403)
    admin = caller(Role.ADMIN)
    for wish, field in (
        ({"scope": "moon"}, "scope"),
        ({"amount_usd": "-1"}, "amount_usd"),
        ({"amount_usd": "0.001"}, "amount_usd"),
        ({"time_zone": "x"}, "time_zone"),
        ({"grace_s": 9999}, "grace_s"),
        ({"scope": "person", "target": "77777"}, "target"),
    ):
        assert field in str(put(admin, 422, **wish)["fields"]), wish
    assert not Budget.objects.exists()

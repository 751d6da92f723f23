"""Accounts, prices, people and what was done."""

from collections.abc import Callable
from typing import Any

from deployments.models import Account, Action, Price
from deployments.planning.power import Role
from tests.deployments.pages.states import States

from .callers import Caller, person

Make = Callable[..., Caller]


def test_accounts_are_told_without_credentials(caller: Make, states: States) -> None:
    (account,) = caller(Role.VIEWER).get("/accounts")["items"]
    assert account["name"] == "Modal"
    assert not {key for key in account if "token" in key or "key" in key}
    assert {key for secret in account["secrets"] for key in secret} == {"kind", "is_set", "changed_at"}
    assert "as-1" not in f"{account}"


def test_limited_key_sees_the_accounts_of_its_deployments(caller: Make, states: States) -> None:
    states.asleep()
    states.off()
    Account.objects.create(name="Other")
    assert [one["name"] for one in caller(deployments=["asleep"]).get("/accounts")["items"]] == ["Modal"]


def test_price_of_an_hour_is_that_of_3600_seconds(caller: Make) -> None:
    prices = {price["resource"]: price for price in caller(Role.VIEWER).get("/prices")["items"]}
    assert prices["gpu:H200"]["usd_per_s"] == "0.001261"
    assert prices["gpu:H200"]["usd_per_hour"] == "4.5396"
    assert prices["gpu:H200"]["source"]


def test_people_are_told_with_their_roles(caller: Make) -> None:
    person(None)
    gone = person(Role.ADMIN, "gone")
    gone.is_active = False
    gone.save(update_fields=["is_active"])
    people = {one["username"]: one for one in caller(Role.VIEWER).get("/users")["items"]}
    roles = {name: one["role"] for name, one in people.items()}
    assert roles == {"gone": None, "nobody": None, "viewer": "Viewer"}
    assert set(people["gone"]) == {"id", "username", "name", "role", "is_active"}


def test_actions_are_told_newest_first_by_pages(caller: Make, states: States) -> None:
    made = states.asleep()
    for number in range(3):
        states.action(made if number else None, f"done {number}", usd="1.25")
    viewer = caller(Role.VIEWER)
    first = viewer.get("/actions?limit=2")
    second = viewer.get(f"/actions?limit=2&cursor={first['next']}")
    assert [one["summary"] for one in first["items"] + second["items"]] == ["done 2", "done 1", "done 0"]
    assert (first["items"][0]["usd"], first["items"][0]["actor"]) == ("1.25", "Ada")
    assert [one["summary"] for one in viewer.get("/actions?deployment=asleep")["items"]] == [
        "done 2",
        "done 1",
    ]


def test_actions_of_other_deployments_are_hidden_from_a_limited_key(caller: Make, states: States) -> None:
    states.action(states.asleep(), "seen")
    states.action(states.off(), "hidden")
    states.action(None, "hidden, too")
    limited = caller(deployments=["asleep"])
    assert [one["summary"] for one in limited.get("/actions")["items"]] == ["seen"]
    response: Any = limited("get", "/actions?deployment=off")
    assert response.status_code == 404
    assert limited("get", "/actions?deployment=nothing").status_code == 404


def test_prices_say_whose_they_are_and_whether_they_hold(caller: Make, states: States) -> None:
    states.asleep()
    other = Account.objects.create(name="Other")
    now = {"source": "test", "checked_on": states.now.date(), "resource": "gpu:H200", "usd_per_s": "0.002"}
    Price.objects.create(**now, effective_from=states.ago(60))
    Price.objects.create(**now, effective_from=states.ago(60), account=states.account)
    Price.objects.create(**now, effective_from=states.ago(60), account=other)
    told = [one for one in caller(Role.VIEWER).get("/prices")["items"] if one["resource"] == "gpu:H200"]
    assert {(one["account"], one["in_effect"]) for one in told} == {
        (None, True), (None, False), ("Modal", True), ("Other", True),
    }  # fmt: skip
    limited = caller(deployments=["asleep"]).get("/prices")["items"]
    assert {one["account"] for one in limited} == {None, "Modal"}


def test_actions_narrow_and_tell_what_they_changed(caller: Make, states: States) -> None:
    row = states.action(states.off("one"), "Ada changed it.")
    details = {"max_model_len": {"before": 1, "after": 2}, "reason": "memory"}
    Action.objects.filter(pk=row.pk).update(details=details, verb="configure")
    states.action(None, "Ben did it.", who="Ben")
    viewer = caller()
    (found,) = viewer.get("/actions?actor=Ada&verb=configure&via=page&since=2001-01-01T00:00:00Z")["items"]
    assert found["changes"] == [{"field": "max_model_len", "before": 1, "after": 2}]
    assert viewer.get("/actions?until=2001-01-01T00:00:00Z")["items"] == []
    assert viewer("get", "/actions?via=pigeon").status_code == 422

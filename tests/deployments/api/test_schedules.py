"""`/deployments/{slug}/schedules`."""

from collections.abc import Callable
from typing import Any

from deployments.models import Schedule
from deployments.planning.power import Role
from tests.deployments.pages.states import States

from .callers import Caller, ok

Make = Callable[..., Caller]
PATH = "/deployments/asleep/schedules"
WEEK = {
    "name": "Working hours", "days": ["mon", "fri"], "starts": "09:00", "ends": "17:30",
    "time_zone": "Europe/Berlin", "lead": False,
}  # fmt: skip


def test_a_schedule_is_priced_made_changed_paused_and_deleted(caller: Make, states: States) -> None:
    states.asleep()
    who = caller()
    price = who.post(f"{PATH}/preview", WEEK, 200)
    assert (price["hours_per_week"], price["windows_per_week"]) == ("17.00", "2.00")
    made = who.post(PATH, WEEK | {"seen_usd_per_week": price["usd_per_week"]}, 201)
    assert (made["days"], made["starts"], made["owner"]) == (["mon", "fri"], "09:00", "operator")
    one = f"{PATH}/{made['id']}"
    refused = ok(who("patch", one, {"ends": "18:30", "seen_usd_per_week": price["usd_per_week"]}), 409)
    assert refused["code"] == "price_changed"
    agreed = refused["fields"]["seen_usd_per_week"].split()[1]
    assert ok(who("patch", one, {"ends": "18:30", "seen_usd_per_week": agreed}), 200)["ends"] == "18:30"
    assert ok(who("patch", one, {"enabled": False}), 200)["next_starts_at"] is None
    (told,) = caller(Role.VIEWER, "viewer").get(PATH)["items"]
    assert (told["enabled"], told["quoted_usd_per_week"]) == (False, agreed)
    ok(who("delete", one), 204)
    ok(who("delete", one), 404)
    assert not Schedule.objects.exists()


def test_what_is_wrong_is_named_with_its_remedy(caller: Make, states: States) -> None:
    states.asleep()
    who = caller()
    for field, value in {"days": ["someday"], "starts": "25:00", "time_zone": "Mars", "name": ""}.items():
        answer: Any = ok(who("post", f"{PATH}/preview", WEEK | {field: value}), 422)
        assert any(name.startswith(field) for name in answer["fields"]), answer
    unseen = ok(who("post", PATH, WEEK), 422)
    assert (unseen["code"], list(unseen["fields"])) == ("price_unseen", ["seen_usd_per_week"])

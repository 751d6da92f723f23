"""Making, reading, changing and archiving deployments over REST."""

from collections.abc import Callable
from typing import Any

import pytest

from deployments.models import Account, Action, Deployment
from deployments.planning.power import Role
from deployments.planning.presets import GLM_5_2_FP8
from tests.deployments.pages.states import States

from .callers import Caller

Make = Callable[..., Caller]
CONFIG = GLM_5_2_FP8.to_json() | {"app_name": "new"}
WISH = {"slug": "fresh", "name": "New", "config": CONFIG, "notes": "For tests."}


def test_made_deployment_is_off_and_can_be_read(caller: Make, states: States) -> None:
    admin = caller(Role.ADMIN)
    made = admin.post("/deployments", WISH, 201)
    assert (made["status"]["state"], made["account"], made["owner"]) == ("off", "Modal", "admin")
    assert made["notes"] == "For tests."
    read = admin.get("/deployments/fresh")
    assert read["config"] == made["config"]
    assert read["config"]["gpu_count"] == 8
    assert read["status"]["price_usd_per_hour"] == "36.3168"  # 8 x 0.001261 x 3600


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"slug": "Not A Slug"}, "slug"),
        ({"slug": ""}, "slug"),
        ({"name": "x" * 81}, "name"),
        ({"account": "nobody"}, "account"),
        ({"config": {}}, "config.image"),
        ({"config": CONFIG | {"gpus": 8}}, "config.gpus"),
        ({"config": CONFIG | {"gpu_count": 9}}, "config.gpu_count"),
        ({"config": []}, "config"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_wrong_field_of_a_new_one_is_named(
    caller: Make, states: States, change: dict[str, Any], field: str
) -> None:
    assert list(caller(Role.ADMIN).post("/deployments", WISH | change, 422)["fields"]) == [field]
    assert not Deployment.objects.exists()


def test_second_of_the_same_slug_is_refused(caller: Make, states: States) -> None:
    admin = caller(Role.ADMIN)
    admin.post("/deployments", WISH, 201)
    other = WISH | {"config": CONFIG | {"app_name": "other"}}
    assert "slug" in admin.post("/deployments", other, 422)["fields"]


def test_account_has_to_be_named_where_there_are_two(caller: Make, states: States) -> None:
    Account.objects.create(name="Second")
    admin = caller(Role.ADMIN)
    assert list(admin.post("/deployments", WISH, 422)["fields"]) == ["account"]
    assert admin.post("/deployments", WISH | {"account": "Second"}, 201)["account"] == "Second"


def test_patch_changes_the_keys_that_are_given(caller: Make, states: States) -> None:
    states.asleep()
    admin = caller(Role.ADMIN)
    before = admin.get("/deployments/asleep")["config"]
    response = admin("patch", "/deployments/asleep", {"config": {"max_num_seqs": 16}, "name": "Drafts"})
    after: Any = response.json()
    assert response.status_code == 200
    assert after["config"] == before | {"max_num_seqs": 16}
    assert after["name"] == "Drafts"
    assert admin.get("/deployments/asleep") == after
    assert [action.verb for action in Action.objects.order_by("id")] == ["configure", "describe"]


@pytest.mark.parametrize("body", [{"name": "Drafts", "config": {"gpus": 1}}, {"name": "  "}, {"name": ""}])
def test_refused_patch_changes_nothing(caller: Make, states: States, body: Any) -> None:
    states.asleep()
    response = caller(Role.ADMIN)("patch", "/deployments/asleep", body)
    fields: Any = response.json()["fields"]
    assert (response.status_code, list(fields)) == (422, ["config.gpus"] if "config" in body else ["name"])
    assert Deployment.objects.get().name == "Support drafts"
    assert not Action.objects.exists()


def test_empty_patch_is_no_change(caller: Make, states: States) -> None:
    states.asleep()
    assert caller(Role.ADMIN)("patch", "/deployments/asleep", {}).status_code == 200
    assert not Action.objects.exists()


def test_archived_deployment_is_gone_from_the_list(caller: Make, states: States) -> None:
    states.off()
    admin = caller(Role.ADMIN)
    assert admin("delete", "/deployments/off").status_code == 204
    assert admin("get", "/deployments/off").status_code == 404
    assert admin.get("/deployments") == {"items": [], "next": None}


def test_lit_deployment_is_not_archived(caller: Make, states: States) -> None:
    states.ready()
    response: Any = caller(Role.ADMIN)("delete", "/deployments/ready")
    assert (response.status_code, response.json()["code"]) == (409, "not_off")


def test_lists_ask_as_often_for_thirty_as_for_three(
    caller: Make, states: States, django_assert_max_num_queries: Any
) -> None:
    viewer = caller(Role.VIEWER)
    counted = {}
    for target in (3, 30):
        for number in range(Deployment.objects.count(), target):
            states.ready(f"ready-{number}", f"Ready {number}")
        for path in ("/deployments", "/actions", "/accounts", "/users"):
            with django_assert_max_num_queries(60) as context:
                viewer.get(path)
            counted.setdefault(path, []).append(len(context.captured_queries))
    assert {path: three for path, (three, _) in counted.items()} == {
        path: thirty for path, (_, thirty) in counted.items()
    }

"""Releases over REST."""

from collections.abc import Callable
from typing import Any

import pytest

from deployments.models import Deployment
from deployments.planning.power import Role
from tests.deployments.pages.states import States

from .callers import Caller

Make = Callable[..., Caller]


@pytest.fixture
def admin(caller: Make, states: States) -> Caller:
    """An admin of a deployment with release 1."""
    states.asleep()
    return caller(Role.ADMIN)


def change(admin: Caller, **config: Any) -> None:
    assert admin("patch", "/deployments/asleep", {"config": config}).status_code == 200


def test_release_says_what_changed(admin: Caller) -> None:
    change(admin, max_num_seqs=16)
    made = admin.post("/deployments/asleep/releases", {"note": "half as many"}, 201)
    assert (made["number"], made["note"], made["author"]) == (2, "half as many", "admin")
    assert made["changes"] == [{"field": "max_num_seqs", "before": 32, "after": 16}]
    assert (made["current"], made["live"]) == (True, False)
    assert admin.get("/deployments/asleep/releases/2") == made


def test_rollback_makes_a_new_release(admin: Caller) -> None:
    change(admin, max_num_seqs=16)
    admin.post("/deployments/asleep/releases", None, 201)
    back = admin.post("/deployments/asleep/releases/1/rollback", None, 201)
    assert (back["number"], back["rolled_back_to"]) == (3, 1)
    assert back["spec"]["max_num_seqs"] == 32
    assert back["changes"] == [{"field": "max_num_seqs", "before": 16, "after": 32}]
    assert Deployment.objects.get().wanted == "on"  # as it was: nothing was lit
    assert admin.get("/deployments/asleep/status")["state"] == "asleep"


def test_pages_of_releases_tell_the_same_changes(admin: Caller) -> None:
    for number in (16, 8, 4):
        change(admin, max_num_seqs=number)
        admin.post("/deployments/asleep/releases", None, 201)
    whole = admin.get("/deployments/asleep/releases")
    assert whole["next"] is None
    first = admin.get("/deployments/asleep/releases?limit=2")
    second = admin.get(f"/deployments/asleep/releases?limit=2&cursor={first['next']}")
    assert first["items"] + second["items"] == whole["items"]
    assert [one["number"] for one in whole["items"]] == [4, 3, 2, 1]
    assert len(whole["items"][-1]["changes"]) > 10  # the first changed everything


@pytest.mark.parametrize("path", ["releases/9", "releases/9999999999999999999999"])
def test_missing_release_is_not_found(admin: Caller, path: str) -> None:
    assert admin("get", f"/deployments/asleep/{path}").status_code == 404


def test_list_of_releases_has_a_constant_number_of_queries(
    admin: Caller, django_assert_max_num_queries: Any
) -> None:
    for number in (16, 8, 4):
        change(admin, max_num_seqs=number)
        admin.post("/deployments/asleep/releases", None, 201)
    with django_assert_max_num_queries(5):  # key, owner's groups, deployment, releases, note of use
        admin.get("/deployments/asleep/releases")


def test_preflight_names_what_a_release_is_refused_for_and_how_it_is_mended(admin: Caller) -> None:
    wrong = {"extra_flags": ["--max-num-batched-token-x", "8192"], "tool_call_parser": "glm99"}
    tried = admin.post("/deployments/asleep/preflight", {"config": wrong}, 200)
    assert (tried["may_release"], tried["catalogue_version"]) == (False, "0.33.0")
    assert admin.post("/deployments/asleep/preflight", None, 200)["may_release"] is True  # nothing was kept

    change(admin, **wrong)  # a draft is kept as it was typed
    refused = admin("post", "/deployments/asleep/releases")
    assert refused.status_code == 422
    assert refused.json()["code"] == "config_refused"
    fields = refused.json()["fields"]
    assert "--max-num-batched-tokens" in fields["config.extra_flags"]
    assert "glm99" in fields["config.tool_call_parser"]

    for found in tried["findings"]:
        if found["level"] == "error":
            change(admin, **found["fix"]["patch"])
    assert admin.post("/deployments/asleep/releases", None, 201)["number"] == 2

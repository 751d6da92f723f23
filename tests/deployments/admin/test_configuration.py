"""Configurations are judged before they are kept, and never touch what runs."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from deployments.models import Action, Deployment, Release
from deployments.planning.power import Role
from deployments.planning.presets import GLM_5_2_FP8
from tests.deployments.pages.states import States

LIST = "/admin/deployments/deployment/"


@pytest.fixture
def admin(browser: Callable[..., Client]) -> Client:
    return browser(Role.ADMIN)


def config(**changed: Any) -> str:
    return json.dumps(GLM_5_2_FP8.to_json() | changed)


def test_new_deployment_is_made_off_by_the_same_service(admin: Client, states: States) -> None:
    data = {
        "slug": "coder",
        "name": "Coder",
        "account": states.account.pk,
        "notes": "",
        "config": config(app_name="coder"),
    }
    response = admin.post(f"{LIST}add/", data)
    assert response.status_code == 302, response.content.decode()[:3000]
    made = Deployment.objects.get(slug="coder")
    assert (made.wanted, made.app_id) == ("off", "")
    assert Action.objects.filter(deployment=made, verb="create").count() == 1


def test_form_begins_with_the_built_in_configuration(admin: Client, states: States) -> None:
    assert "zai-org/GLM-5.2-FP8" in admin.get(f"{LIST}add/").content.decode()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"max_num_seqs": 0}, "max_num_seqs is 0; choose 1 to 4096."),
        ({"gpu_cuont": 8}, "gpu_cuont is not a setting"),
        ({"model": ""}, "model is empty"),
    ],
)
def test_wrong_setting_is_named_at_the_field(
    admin: Client, states: States, changed: dict[str, Any], said: str
) -> None:
    made = states.off()
    made.refresh_from_db()
    before = made.config
    page = admin.post(f"{LIST}{made.pk}/change/", {"name": "X", "notes": "", "config": config(**changed)})
    assert page.status_code == 200
    assert said in page.content.decode()
    made.refresh_from_db()
    assert (made.config, made.name) == (before, "GLM-5.2 FP8")
    assert not Action.objects.exists()


def test_two_deployments_cannot_share_an_app(admin: Client, states: States) -> None:
    states.off("one")
    two = states.off("two")
    data = {"name": "Two", "notes": "", "config": config(app_name="one")}
    page = admin.post(f"{LIST}{two.pk}/change/", data).content.decode()
    assert "belongs to another deployment" in page


def test_saving_touches_neither_releases_nor_the_running_server(admin: Client, states: States) -> None:
    made = states.ready()
    facts = Deployment.objects.filter(pk=made.pk).values(
        "wanted", "app_id", "live_release", "current_release"
    )
    before = facts.get()
    data = {"name": made.name, "notes": "", "config": json.dumps(made.config | {"max_num_seqs": 16})}
    assert admin.post(f"{LIST}{made.pk}/change/", data).status_code == 302
    assert facts.get() == before
    assert Release.objects.count() == 1
    assert Deployment.objects.get(pk=made.pk).config["max_num_seqs"] == 16


def test_slug_and_account_stay_as_they_were(admin: Client, states: States) -> None:
    made = states.off()
    data = {"slug": "other", "name": "Other", "notes": "", "config": json.dumps(made.config)}
    admin.post(f"{LIST}{made.pk}/change/", data)
    made.refresh_from_db()
    assert (made.slug, made.name) == ("off", "Other")


def test_actions_release_and_archive(admin: Client, states: States) -> None:
    made = states.off()
    chosen = {"_selected_action": [made.pk]}
    assert (
        "release 1 made"
        in admin.post(LIST, chosen | {"action": "make_release"}, follow=True).content.decode()
    )
    admin.post(LIST, chosen | {"action": "archive"})
    made.refresh_from_db()
    assert made.archived_at is not None


def test_what_is_lit_cannot_be_archived(admin: Client, states: States) -> None:
    made = states.ready()
    page = admin.post(LIST, {"_selected_action": [made.pk], "action": "archive"}, follow=True)
    assert "Turn it off first" in page.content.decode()


def test_deployment_cannot_be_deleted(admin: Client, states: States) -> None:
    made = states.off()
    assert admin.post(f"{LIST}{made.pk}/delete/", {"post": "yes"}).status_code == 403

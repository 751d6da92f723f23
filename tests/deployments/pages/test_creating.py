"""A new deployment: from a preset, from another one, from nothing."""

import html
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from deployments.models import Deployment
from deployments.pages.config_form.texts import texts_of
from deployments.planning.power import Role
from deployments.planning.presets import PRESETS
from deployments.services.editing import document_of

from .conftest import HTMX
from .states import States

pytestmark = pytest.mark.django_db
NEW = "/deployments/new/"


@pytest.fixture
def admin(browser: Callable[..., Client], states: States) -> Client:
    states.asleep()
    return browser(Role.ADMIN)


def sent(states: States, **changes: Any) -> dict[str, Any]:
    blank = {"name": "Small", "notes": "", "owner_id": None, "warm_up": True, "member_cap_usd": None}
    texts: dict[str, Any] = texts_of(blank | PRESETS["qwen3-0-6b"].to_json())
    return texts | {"slug": "small", "account": states.account.pk, "app_name": "", "step": "save"} | changes


@pytest.mark.parametrize(
    ("begin", "there"),
    [
        ("preset:glm-5-2-fp8", ["zai-org/GLM-5.2-FP8", 'value="glm-5-2-fp8"', "$36.31/h"]),
        ("copy:asleep", ['value="asleep-copy"', "Support drafts, copy"]),
        ("empty", ["Still needed:", 'href="#f-slug">Address', 'href="#f-model">Weights']),
    ],
)
def test_it_begins_where_one_wants(admin: Client, begin: str, there: list[str]) -> None:
    assert f'href="?from={begin}"' in admin.get(NEW).content.decode()
    page = html.unescape(admin.get(NEW, {"from": begin}).content.decode())
    assert [text for text in there if text not in page] == []
    assert admin.get(NEW, {"from": "copy:nothing"}).status_code == 404


def test_it_is_made_off_and_its_app_is_called_after_its_address(admin: Client, states: States) -> None:
    answer = admin.post(NEW, sent(states, notes="To try."))
    assert answer.headers["Location"] == "/deployments/small/settings/"
    made = Deployment.objects.get(slug="small")
    assert (made.config["app_name"], made.notes, made.wanted, made.releases.count()) == (
        "small", "To try.", "off", 0,
    )  # fmt: skip
    page = admin.get("/deployments/small/settings/").content.decode()
    assert "Not released yet" in page
    assert admin.post("/deployments/small/releases/").status_code == 302
    assert made.releases.count() == 1
    assert document_of(made)["app_name"] == "small"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"slug": "asleep"}, "already exists"),
        ({"slug": "new"}, "the address of a page of the panel"),
        ({"slug": "No Slug"}, "Use a-z, 0-9 and single hyphens inside."),
        ({"account": "77"}, "Choose one."),
        ({"app_name": "asleep"}, "belongs to another deployment"),
        ({"gpu_count": "many"}, "“many” is no number."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    admin: Client, states: States, change: dict[str, str], said: str
) -> None:
    answer = admin.post(NEW, sent(states, name="My own name") | change)
    assert answer.status_code == 422
    page = html.unescape(answer.content.decode())
    assert said in page
    assert 'value="My own name"' in page
    assert Deployment.objects.count() == 1


def test_it_is_judged_while_it_is_filled_in(admin: Client, states: States) -> None:
    typed = sent(states, gpu_type="B200", reasoning_parser="qwen33")
    page = html.unescape(admin.post(f"{NEW}preview/", typed, headers=HTMX).content.decode())
    assert "has no parser 'qwen33'" in page
    assert "vllm serve Qwen/Qwen3-0.6B" in page
    assert Deployment.objects.count() == 1

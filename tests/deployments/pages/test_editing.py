"""The configuration form: judged while it is typed, saved without touching what runs, never over somebody."""

import html
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from deployments.models import Deployment
from deployments.pages.config_form.texts import texts_of
from deployments.planning.power import SYSTEM, Role
from deployments.services import editing, releases
from deployments.services.editing import document_of

from .conftest import HTMX
from .states import States

pytestmark = pytest.mark.django_db
EDIT = "/deployments/asleep/settings/edit/"


class Form:
    """The form of one admin, as it was when it was opened."""

    def __init__(self, client: Client, slug: str = "asleep") -> None:
        self.client = client
        self.document = document_of(Deployment.objects.get(slug=slug))
        self.sent: dict[str, Any] = texts_of(self.document) | {"base": json.dumps(self.document)}

    def type(self, **texts: str | list[str]) -> "Form":
        self.sent |= {name.replace("__", "."): value for name, value in texts.items()}
        return self

    def preview(self, **button: str) -> str:
        answer = self.client.post(f"{EDIT}preview/", self.sent | button, headers=HTMX)
        assert answer.status_code == 200
        return html.unescape(answer.content.decode())

    def press(self, step: str = "save", **more: str) -> HttpResponse:
        return self.client.post(EDIT, self.sent | {"step": step} | more)


@pytest.fixture
def form(browser: Callable[..., Client], states: States) -> Form:
    states.asleep()
    return Form(browser(Role.ADMIN))


def fixes(page: str) -> dict[str, str]:
    """The fix buttons: words and key."""
    return {words: key for key, words in re.findall(r'name="fix" value="(\w+)"[^>]*>([^<]+)</button>', page)}


def marks(page: str, name: str) -> str:
    found = re.search(rf'id="m-{name}"(.*?)</div>(?=<|\s)', page, re.DOTALL)
    return found[1] if found else ""


def test_the_form_shows_every_value_flag_and_default(form: Form) -> None:
    page = html.unescape(form.client.get(EDIT).content.decode())
    for text in ("--max-model-len", 'value="131072"', "Default: 32.", "$36.31/h", "509,063 tokens of cache"):
        assert text in page
    assert "H200, 139.8 GiB, $4.53/h" in page
    assert "15 min, about $9.10 each time" in page


def test_changes_against_the_release_are_marked_at_their_field(form: Form) -> None:
    page = form.type(max_num_seqs="16").preview()
    assert 'Release 1: <span class="mono">32</span>' in marks(page, "max-num-seqs")
    assert "changed" not in marks(page, "gpu-count")
    assert "--max-num-seqs 16" in page
    assert Deployment.objects.get().config["max_num_seqs"] == 32, "a preview saves nothing"


def test_a_fix_mends_its_field_and_leaves_the_rest_as_it_was_typed(form: Form) -> None:
    form.type(extra_flags__name=["--max-num-batched-tokenz"], extra_flags__value=["8192"], gpu_count="4")
    page = form.preview()
    assert "no flag --max-num-batched-tokenz." in marks(page, "extra-flags")
    found = fixes(page)
    assert found.keys() >= {"Write --max-num-batched-tokens.", "Set gpu_count to 8."}
    page = form.preview(fix=found["Set gpu_count to 8."])
    assert re.search(r'id="f-gpu-count" hx-swap-oob="true">.*?value="8"[^>]*autofocus', page, re.DOTALL)
    assert 'id="f-extra-flags"' not in page, "what nobody mended is not drawn anew"
    whole = html.unescape(form.press("", fix=found["Write --max-num-batched-tokens."]).content.decode())
    assert 'value="--max-num-batched-tokens"' in whole, "without scripts it is the whole page"
    assert 'name="gpu_count" value="4"' in whole
    assert Deployment.objects.get().config["gpu_count"] == 8


def test_rows_come_and_go(form: Form) -> None:
    form.type(environment__name=["A", "", "B"], environment__value=["1", "", "2"])
    page = form.preview(drop="environment:2")
    assert 'value="A"' in page
    assert 'value="B"' not in page
    assert re.search(r'id="c-environment-2"[^>]*autofocus', form.preview(more="environment"))


def test_a_draft_with_errors_is_saved_and_the_page_says_what_that_means(form: Form) -> None:
    before = Deployment.objects.values("app_id", "live_release", "current_release", "wanted").get()
    answer = form.type(tool_call_parser="hermes", name="Drafts", warm_up=[]).press()
    assert answer.status_code == 302
    page = form.client.get(answer.headers["Location"]).content.decode()
    assert "Saved as a draft. Nothing that runs has changed. One thing has to be mended" in page
    assert "Unreleased changes" in page
    mend = re.search(r'href="([^"]*patch=[^"]*)">Set tool_call_parser to glm47', page)
    assert mend
    assert 'name="tool_call_parser" value="glm47"' in form.client.get(html.unescape(mend[1])).content.decode()
    made = Deployment.objects.get()
    assert (made.config["tool_call_parser"], made.name, made.warm_up) == ("hermes", "Drafts", False)
    assert Deployment.objects.values(*before).get() == before
    assert made.leases.count() == made.wakes.count() == made.releases.count() - 1 == 0


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"max_model_len": "a lot"}, "max-model-len", "“a lot” is no number."),
        ({"gpu_count": "9"}, "gpu-count", "Is 9; choose 0 to 8."),
        ({"max_inputs": "5"}, "max-inputs", "A container takes 5 requests"),
        ({"model": ""}, "model", "Is empty; give it a value."),
        (
            {"environment__name": ["HF_HOME"], "environment__value": ["hf_abcdefghijklmnopqrst"]},
            "environment", "looks like a secret",
        ),
    ],
)  # fmt: skip
def test_what_is_no_value_is_refused_under_its_field_and_everything_typed_kept(
    form: Form, typed: dict[str, Any], field: str, said: str
) -> None:
    answer = form.type(notes="Kept.", **typed).press()
    page = html.unescape(answer.content.decode())
    assert answer.status_code == 422
    assert said in marks(page, field)
    assert "Kept.</textarea>" in page
    assert Deployment.objects.get().notes == ""


class TestTwoAdmins:
    """Anna opened the form, Ben saved another thing."""

    @pytest.fixture
    def anna(self, form: Form) -> Form:
        form.type(max_num_seqs="24", environment__name=["A"], environment__value=["1"])
        theirs = form.document | {"max_num_seqs": 16, "eager": False}
        editing.save(Deployment.objects.get(), actor=SYSTEM, document=theirs)
        return form

    def test_the_second_is_told_and_nothing_typed_is_lost(self, anna: Form) -> None:
        answer = anna.press()
        page = html.unescape(answer.content.decode())
        assert answer.status_code == 409
        assert "the panel</b>" in page
        for label, theirs, mine in (("Requests at once", "16", "24"), ("Environment, A", "not set", "1")):
            row = re.search(rf'<th scope="row">{label}</th>(.*?)</tr>', page)
            assert row
            assert f">{theirs}</" in row[1]
            assert f"<b>{mine}</b>" in row[1]
        assert Deployment.objects.get().config["max_num_seqs"] == 16
        back = html.unescape(anna.press("check").content.decode())
        assert 'name="max_num_seqs" value="24"' in back

    @pytest.mark.parametrize(("step", "eager"), [("merge", False), ("over", True)])
    def test_mine_goes_onto_or_over_theirs(self, anna: Form, step: str, eager: bool) -> None:
        shown = re.search(r'name="theirs" value="(\w+)"', anna.press().content.decode())
        assert shown
        assert anna.press(step, theirs=shown[1]).status_code == 302
        config = Deployment.objects.get().config
        assert (config["max_num_seqs"], config["environment"], config["eager"]) == (24, {"A": "1"}, eager)

    def test_a_third_change_meanwhile_is_told_again(self, anna: Form) -> None:
        shown = re.search(r'name="theirs" value="(\w+)"', anna.press().content.decode())
        releases.save_config(
            made := Deployment.objects.get(), actor=SYSTEM, config=made.config | {"eager": True}
        )
        assert shown
        assert anna.press("over", theirs=shown[1]).status_code == 409

    def test_the_admin_site_tells_it_too(self, anna: Form) -> None:
        made = Deployment.objects.get()
        url = f"/admin/deployments/deployment/{made.pk}/change/"
        page = anna.client.get(url).content.decode()
        version = re.search(r'name="version" value="(\w+)"', page)
        assert version
        editing.save(made, actor=SYSTEM, document=document_of(made) | {"max_num_seqs": 8})
        data = {"name": made.name, "notes": "", "version": version[1]}
        data["config"] = json.dumps(made.config | {"max_num_seqs": 12})
        page = anna.client.post(url, data).content.decode()
        assert "changed max_num_seqs of Support drafts" in page
        assert Deployment.objects.get().config["max_num_seqs"] == 8
        data["version"] = re.search(r'name="version" value="(\w+)"', page)[1]  # type: ignore[index]
        assert anna.client.post(url, data).status_code == 302
        assert Deployment.objects.get().config["max_num_seqs"] == 12


def test_a_member_is_told_of_the_cap_before_they_press(
    browser: Callable[..., Client], states: States
) -> None:
    Deployment.objects.filter(pk=states.asleep().pk).update(member_cap_usd="1.00")
    words = "members may start it for $1.00 at most"
    member = browser(Role.MEMBER)
    assert words in member.get("/deployments/asleep/").content.decode()
    assert words in member.post("/deployments/asleep/start/", follow=True).content.decode()
    assert words not in browser(Role.OPERATOR).get("/deployments/asleep/").content.decode()


def test_another_page_proposes_a_change(form: Form) -> None:
    page = form.client.get(EDIT, {"patch": '{"gpu_type": "B200", "gpu_count": 8}'}).content.decode()
    assert "Filled in and not saved yet: GPU." in page
    assert '<option value="B200" selected>' in page
    for wrong in ('{"gpu_cuont": 8}', "[1]", "{"):
        assert "cannot be read" in form.client.get(EDIT, {"patch": wrong}).content.decode()


def test_a_configuration_that_cannot_be_read_can_be_mended_here(form: Form) -> None:
    Deployment.objects.update(
        config={"environment": "x", "extra_flags": "--x", "image": [], "speculative": 5}
    )
    answer = form.client.get(EDIT)
    assert answer.status_code == 200
    assert "Still needed:" in answer.content.decode()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_who_may_not_edit_reads_no_secret_either(
    browser: Callable[..., Client], states: States, role: Role
) -> None:
    made = states.asleep()
    old = made.config | {"environment": {"HF_HOME": "hf_abcdefghijklmnopqrst"}}  # from before it was refused
    Deployment.objects.update(config=old)
    made.releases.update(spec=old)
    client = browser(role)
    for path in ("settings/", "releases/1/"):
        page = client.get(f"/deployments/asleep/{path}").content.decode()
        assert "hf_abc" not in page
    assert "HF_HOME=•••" in client.get("/deployments/asleep/settings/").content.decode()
    assert client.get(EDIT).status_code == 403


def test_flags_are_completed_by_any_part_of_their_name(form: Form) -> None:
    asked = {"extra_flags.name": "batched", "engine_version": "0.33.0", "list": "flag-list-0"}
    page = form.client.get("/settings/flags/", asked).content.decode()
    assert 'role="option"' in page
    assert 'data-value="--max-num-batched-tokens"' in page
    assert "whole number" in page
    page = form.client.get("/settings/flags/", asked | {"extra_flags.name": "zzzz"}).content.decode()
    assert "has no flag like this" in page
    dotted = asked | {"extra_flags.name": "-cc.cudagraph_mo", "engine_version": "0.32.0"}
    page = form.client.get("/settings/flags/", dotted).content.decode()
    assert 'data-value="-cc.cudagraph_mode"' in page
    assert "FULL_DECODE_ONLY" in page


def test_the_form_asks_the_database_a_few_times_only(form: Form) -> None:
    form.client.get(EDIT)
    with CaptureQueriesContext(connection) as opened:
        form.client.get(EDIT)
    with CaptureQueriesContext(connection) as previewed:
        form.preview()
    assert len(previewed) <= 9
    assert len(opened) <= 40

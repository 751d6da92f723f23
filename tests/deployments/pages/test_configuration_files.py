"""Configurations given out as files and taken in: by the shell, by REST and on a page."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from deployments.models import Action, Deployment
from deployments.planning.power import SYSTEM, Role
from deployments.services import configuration_files, releases
from deployments.services.errors import Refused
from tests.deployments.api.callers import keyed
from tests.deployments.pages.states import States

pytestmark = pytest.mark.django_db
TOKEN = "hf_" + "Q" * 32


@pytest.fixture
def pair(states: States) -> tuple[Deployment, Deployment]:
    """One with settings of its own, and another one."""
    one, other = states.asleep(), states.asleep("other", "Other")
    releases.save_config(one, actor=SYSTEM, config=one.config | {"max_model_len": 65536, "eager": False})
    one.refresh_from_db()
    return one, other


def test_what_one_gives_out_another_takes_in_but_for_its_app(pair: tuple[Deployment, Deployment]) -> None:
    one, other = pair
    configuration_files.take_in(other, configuration_files.exported(one), actor=SYSTEM)
    other.refresh_from_db()
    assert other.config == one.config | {"app_name": "other"}
    assert (other.name, other.current_release.number) == (one.name, 1)
    assert not other.leases.exists()
    assert not other.wakes.exists()


def test_file_of_a_release_is_that_release(pair: tuple[Deployment, Deployment]) -> None:
    text = configuration_files.exported(pair[0], 1)
    assert yaml.safe_load(text)["config"]["max_model_len"] == 131072
    with pytest.raises(Refused, match="Release 9 was not found"):
        configuration_files.exported(pair[0], 9)


def test_second_admin_is_told_and_nothing_is_lost(pair: tuple[Deployment, Deployment]) -> None:
    one, _ = pair
    text = configuration_files.exported(one)
    base = configuration_files.planned(one, text).base
    releases.save_config(one, actor=SYSTEM, config=one.config | {"max_num_seqs": 8})
    with pytest.raises(Refused, match="changed max_num_seqs of"):
        configuration_files.take_in(one, text, actor=SYSTEM, base=base)
    one.refresh_from_db()
    assert one.config["max_num_seqs"] == 8


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"extra_flags": ["--x", TOKEN]}, "config.extra_flags"),
        ({"extra_flags": ["--api_key=short"]}, "config.extra_flags"),
        ({"environment": {"WHERE": TOKEN}}, "config.environment"),
        ({"speculative": {"method": "mtp", "model": TOKEN}}, "config.speculative"),
    ],
)
def test_secret_is_stored_nowhere(
    pair: tuple[Deployment, Deployment], change: dict[str, Any], field: str
) -> None:
    one, before = pair[0], Action.objects.count()
    answer = keyed(Role.ADMIN)("patch", "/deployments/asleep", {"config": change})
    assert answer.status_code == 422
    assert field in answer.json()["fields"]
    assert TOKEN not in answer.content.decode()
    one.refresh_from_db()
    assert TOKEN not in str(one.config)
    assert Action.objects.count() == before


def test_rest_shows_what_a_file_changes_before_it_is_saved(pair: tuple[Deployment, Deployment]) -> None:
    admin, path = keyed(Role.ADMIN), "/deployments/other/configuration"
    text = admin("get", "/deployments/asleep/configuration").content.decode()
    assert "$schema=http://testserver/api/v1/configuration-schema" in text
    tried = admin("put", f"{path}?dry_run=true", text).json()
    assert [change["field"] for change in tried["changes"]] == ["eager", "max_model_len"]
    assert (tried["saved"], admin.get("/deployments/other")["config"]["eager"]) == (False, True)
    assert admin("put", path, text).json()["saved"] is True
    assert admin.get("/deployments/other")["config"]["eager"] is False
    refused = admin("put", path, text + "  colour: red\n")
    assert (refused.status_code, list(refused.json()["fields"])) == (422, ["config.colour"])
    assert admin("put", path, b"\xff\xfe").json()["fields"] == {
        "body": "The file is no text in UTF-8; save it as UTF-8."
    }
    assert "gpu_count" in str(admin.get("/configuration-schema"))


def test_page_shows_differences_saves_then_and_keeps_what_was_typed(
    browser: Callable[..., Client], pair: tuple[Deployment, Deployment]
) -> None:
    admin, path = browser(Role.ADMIN), "/deployments/other/settings/import/"
    file = admin.get("/deployments/asleep/settings/export/")
    assert file["Content-Disposition"] == 'attachment; filename="asleep.yaml"'
    sent = SimpleUploadedFile("asleep.yaml", file.content)
    looked = admin.post(path, {"file": sent, "text": "", "look": "yes"})
    page, base = looked.content.decode(), looked.context["plan"].base
    assert "Longest context, tokens" in page
    assert "65,536" in page
    saved = admin.post(path, {"text": file.content.decode(), "base": base, "save": "yes"}, follow=True)
    assert "The configuration is saved." in saved.content.decode()
    again = admin.post(path, {"text": file.content.decode(), "base": base, "save": "yes"})
    assert (again.status_code, "after you had read it" in again.content.decode()) == (409, True)
    wrong = admin.post(path, {"text": "pilotlight: 7", "look": "yes"})
    assert wrong.status_code == 422
    assert "pilotlight: has to be 1" in wrong.content.decode()
    assert ">pilotlight: 7</textarea>" in wrong.content.decode()
    assert TOKEN not in page


def test_shell_gives_out_and_takes_in(pair: tuple[Deployment, Deployment], tmp_path: Path) -> None:
    out, path = StringIO(), tmp_path / "one.yaml"
    call_command("export_config", "asleep", stdout=out)
    path.write_text(out.getvalue())
    said = StringIO()
    call_command("import_config", "other", str(path), "--dry-run", stdout=said)
    assert "eager: True -> False" in said.getvalue()
    assert "Nothing was saved." in said.getvalue()
    call_command("import_config", "other", str(path), stdout=said)
    call_command("import_config", "third", str(path), "--create", "Modal", stdout=said)
    third = Deployment.objects.get(slug="third")
    assert third.config == Deployment.objects.get(slug="other").config | {"app_name": "third"}
    with pytest.raises(CommandError, match="file: /nowhere cannot be read"):
        call_command("import_config", "other", "/nowhere")
    with pytest.raises(CommandError, match="'None' is no account"):
        call_command("import_config", "fourth", str(path), "--create", "None")

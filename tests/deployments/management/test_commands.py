"""What can be done from a shell: one round by hand, and the spec for a deploy without the panel."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from deployments.engines.catalogue import SHIPPED
from deployments.services.defaults import ensure_defaults
from deployments.services.preflight import catalogue_for


@pytest.fixture
def _built_in(db: None) -> None:
    ensure_defaults(
        token_id="ak-x", token_secret="as-secret-value", server_url="http://127.0.0.1:9", is_sandbox=True
    )


@pytest.mark.usefixtures("_built_in")
def test_the_exported_spec_holds_the_engines_arguments_and_no_secret() -> None:
    out = StringIO()
    call_command("export_spec", "glm-5-2-fp8", stdout=out)
    text = out.getvalue()
    assert json.loads(text)["gpu"] == "H200:8"
    assert "--tensor-parallel-size" in text
    assert "as-secret-value" not in text


@pytest.mark.usefixtures("_built_in")
def test_an_unknown_slug_or_release_is_named() -> None:
    with pytest.raises(CommandError, match="slug: 'nope' is no deployment"):
        call_command("export_spec", "nope")
    with pytest.raises(CommandError, match="has no release 7"):
        call_command("export_spec", "glm-5-2-fp8", "--release", "7")


@pytest.mark.usefixtures("_built_in")
def test_a_round_by_hand_says_what_it_saw_and_did() -> None:
    out = StringIO()
    call_command("reconcile_once", stdout=out)
    assert "Sandbox: cannot be read" in out.getvalue()
    assert "glm-5-2-fp8: nothing to do" in out.getvalue()


def test_an_added_catalogue_is_used_from_then_on(settings: Any, tmp_path: Path) -> None:
    settings.PANEL_DATA_DIR = tmp_path
    data = json.loads((SHIPPED / "vllm-0.33.0.json").read_text())
    dump = tmp_path / "dump.json"
    dump.write_text(json.dumps(data | {"vllm_version": "0.34.1"}))
    assert catalogue_for("0.34.1").version == "0.33.0"
    out = StringIO()
    call_command("add_catalogue", str(dump), stdout=out)
    assert out.getvalue() == "vLLM 0.34.1: 321 flags are known now.\n"
    assert catalogue_for("0.34.1").version == "0.34.1"
    (tmp_path / "catalogues" / "vllm-0.34.1.json").write_text("damaged")
    assert catalogue_for("0.34.1").version == "0.33.0"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no json", "This is no JSON"),
        ("[]", "one JSON object"),
        ('{"vllm_version": "new"}', "vllm_version"),
        ('{"vllm_version": "1.2.3", "flags": []}', "flags: has to be a list"),
        ('{"vllm_version": "1.2.3", "flags": [{"flags": ["x"]}]}', "begin with a dash"),
        ('{"vllm_version": "1.2.3", "flags": [{"flags": ["--x"]}]}', r"flags\[0\].dest"),
    ],
)
def test_a_dump_that_is_none_is_refused_with_what_is_wrong(text: str, words: str, tmp_path: Path) -> None:
    dump = tmp_path / "dump.json"
    dump.write_text(text)
    with pytest.raises(CommandError, match=words):
        call_command("add_catalogue", str(dump))

"""What can be done from a shell: one round by hand, and the spec for a deploy without the panel."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from deployments.services.defaults import ensure_defaults


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

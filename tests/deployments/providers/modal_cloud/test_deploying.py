"""The deploy's subprocess, against a control plane that never answers."""

import os
import socket

import psutil
import pytest

from deployments.planning.presets import GLM_5_2_FP8
from deployments.providers.base import Credentials, ProviderError
from deployments.providers.modal_cloud import deploying
from deployments.providers.rendering import spec_document

DOCUMENT = spec_document(GLM_5_2_FP8, "glm", 2)


@pytest.fixture
def credentials():
    """Of a control plane that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        yield Credentials(
            token_id="ak-1",
            token_secret="as-hidden-secret",
            environment="main",
            server_url=f"http://127.0.0.1:{silent.getsockname()[1]}",
        )


def children():
    return [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.slow
def test_a_deploy_that_takes_too_long_is_ended(credentials):
    before = children()
    with pytest.raises(ProviderError, match="too long") as caught:
        deploying.deploy(
            credentials, DOCUMENT, on_line=lambda line: None, cancelled=lambda: False, limit_s=0.5
        )
    assert not caught.value.permanent
    assert children() == before


@pytest.mark.slow
def test_an_error_of_the_caller_ends_the_deploy_too(credentials):
    before = children()

    def broken() -> bool:
        if len(children()) > len(before):
            raise RuntimeError("the caller is broken")
        return False

    with pytest.raises(RuntimeError, match="broken"):
        deploying.deploy(credentials, DOCUMENT, on_line=lambda line: None, cancelled=broken)
    assert children() == before


def test_the_command_line_knows_nothing_of_the_panels_environment(credentials, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "django")
    monkeypatch.setenv("FIELD_ENCRYPTION_KEYS", "fernet")
    monkeypatch.setenv("DATABASE_URL", "postgres://x")
    monkeypatch.setenv("MODAL_PROFILE", "mine")
    environment = deploying._environment(credentials, DOCUMENT, "/tmp/private")
    assert (
        environment.keys() & {"SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "DATABASE_URL", "MODAL_PROFILE"} == set()
    )
    assert environment["MODAL_CONFIG_PATH"] == os.devnull
    assert environment["HOME"] == "/tmp/private"
    assert environment["MODAL_TOKEN_SECRET"] == "as-hidden-secret"


def test_the_command_line_replaces_what_runs_and_shows_no_secret(credentials):
    command = deploying._command(credentials, DOCUMENT)
    words = " ".join(command)
    assert "--strategy recreate" in words
    assert "--tag r2" in words
    assert "--name glm5-2-inference --env main" in words
    assert "hidden" not in words


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["Step 1", "Error: Secret 'x' not found", "make it"], "Secret 'x' not found\nmake it"),
        (["Error: first", "Error: second"], "second"),
        (["a", "b", "c", "d"], "b\nc\nd"),
        ([], ""),
    ],
)
def test_the_vendors_words_are_found_in_the_output(lines, words):
    assert deploying._error_of(lines) == words


@pytest.mark.parametrize(
    ("words", "transient"),
    [
        ("Could not connect to the Modal server.", True),
        ("Rate limit exceeded", True),
        ("Secret 'x' not found in environment 'main'", False),
        ("Image build for im-1 failed with the exception:\nmanifest unknown", False),
    ],
)
def test_only_trouble_that_passes_is_transient(words, transient):
    assert bool(deploying._TRANSIENT.search(words)) is transient

"""Values that nobody means: refused by name, or saved as a draft that can still be opened and mended."""

from collections.abc import Callable
from typing import Any

import pytest

from deployments.planning.power import Role
from tests.deployments.pages.states import States

from .callers import Caller, ok

pytestmark = pytest.mark.django_db
ONE = "/deployments/asleep"
DIGITS = "9" * 400
REFUSED: list[tuple[str, str]] = [
    ('{"config":{"max_model_len":' + DIGITS + "}}", "config.max_model_len"),
    ('{"config":{"speculative":{"method":"mtp","num_speculative_tokens":1e999}}}', "config.speculative"),
    ('{"config":{"speculative":{"method":' + "[" * 500 + "]" * 500 + "}}}", "config.speculative"),
    ('{"config":{"image":{"reference":["vllm"]}}}', "config.image"),
    ('{"member_cap_usd":"NaN"}', "member_cap_usd"),
]
DRAFTS: list[tuple[dict[str, Any], str]] = [
    ({"extra_flags": ["--max-num-batched-tokens", DIGITS + "k"]}, "wrong-type"),
    ({"extra_flags": ["--compilation-config", "[" * 9000]}, "wrong-type"),
    ({"extra_flags": ["--pipeline-parallel-size", "9" * 5000]}, "wrong-type"),
    ({"engine_version": "9" * 5000}, "nearest-catalogue"),
    ({"gpu_type": "H200:²"}, "gpu-type"),
    ({"gpu_type": "H200:" + "9" * 5000}, "gpu-type"),
]


@pytest.mark.parametrize(("body", "field"), REFUSED)
def test_what_cannot_be_a_value_is_refused_by_name(
    body: str, field: str, caller: Callable[..., Caller], states: States
) -> None:
    states.asleep()
    answer = caller(Role.ADMIN)("patch", ONE, body)
    assert (answer.status_code, list(answer.json()["fields"])) == (422, [field])


@pytest.mark.parametrize(("config", "code"), DRAFTS)
def test_a_draft_that_is_wrong_can_be_judged(
    config: dict[str, Any], code: str, caller: Callable[..., Caller], states: States
) -> None:
    states.asleep()
    admin = caller(Role.ADMIN)
    ok(admin("patch", ONE, {"config": config}), 200)
    assert code in [one["code"] for one in admin.post(f"{ONE}/preflight", status=200)["findings"]]


TOKEN = "hf_" + "aB3dE5gH7jK9mN1pQ3sT"
IMAGE = "vllm/vllm-openai:v0.33.0"
SECRETS: list[tuple[dict[str, Any], str]] = [
    ({"config": {"extra_flags": ["--api-k", "geheim"]}}, "config.extra_flags"),
    ({"config": {"extra_flags": ["--hf_tok=geheim"]}}, "config.extra_flags"),
    ({"config": {"environment": {"STORE": "postgres://anna:geheim@host/x"}}}, "config.environment"),
    ({"config": {"image": {"reference": IMAGE, "pip": ["git+https://ben:geheim@host/x"]}}}, "config.image"),
    ({"notes": f"the token is {TOKEN}"}, "notes"),
    ({"name": TOKEN}, "name"),
]


@pytest.mark.parametrize(("change", "field"), SECRETS)
def test_a_secret_is_refused_wherever_it_is_written_and_not_repeated(
    change: dict[str, Any], field: str, caller: Callable[..., Caller], states: States
) -> None:
    states.asleep()
    answer = caller(Role.ADMIN)("patch", ONE, change)
    assert (answer.status_code, list(answer.json()["fields"])) == (422, [field])
    assert "geheim" not in answer.content.decode()
    assert TOKEN not in answer.content.decode()


def test_a_secret_in_the_note_of_a_release_is_refused(caller: Callable[..., Caller], states: States) -> None:
    states.asleep()
    caller(Role.OPERATOR).post(f"{ONE}/releases", {"note": TOKEN}, 422)


def test_what_an_older_release_holds_is_not_told_to_a_viewer(
    caller: Callable[..., Caller], states: States
) -> None:
    made = states.asleep()
    release = made.current_release
    assert release is not None
    release.spec["environment"] = {"NOTE": TOKEN, "MY_TOKEN": "geheim"}
    release.save(update_fields=["spec"])
    viewer = caller(Role.VIEWER)
    for path in ("releases", f"releases/{release.number}"):
        told = viewer("get", f"{ONE}/{path}").content.decode()
        assert "environment" in told
        assert TOKEN not in told
        assert "geheim" not in told
    viewer.client.force_login(viewer.user, backend="django.contrib.auth.backends.ModelBackend")
    download = viewer.client.get(f"{ONE}/releases/{release.number}/download/")
    assert download.headers["Content-Type"] != "application/zip"
    assert "geheim" not in download.content.decode()

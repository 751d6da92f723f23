"""Preflight over REST where it looks outside, and the dry run."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from deployments.models import Deploy, Deployment, ProviderLook
from deployments.planning.power import Role
from deployments.services import outside
from tests.deployments.pages.states import States
from tests.fakes.provider import FakeProvider

from .callers import Caller

Make = Callable[..., Caller]
PATH = "/deployments/asleep/preflight"


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> FakeProvider:
    fake = FakeProvider(lambda: datetime.now(UTC))
    monkeypatch.setattr(outside, "provider_for", lambda account: fake)
    return fake


def test_a_look_outside_gives_its_checks_and_refuses_what_cannot_be_deployed(
    caller: Make, states: States, provider: FakeProvider
) -> None:
    states.asleep()
    admin = caller(Role.ADMIN)
    plain = admin.post(PATH, None, 200)
    assert (plain["checks"], plain["looked_at"], plain["dry_run"], provider.call_log) == (
        None,
        None,
        None,
        [],
    )
    tried = admin.post(PATH, {"outside": True, "config": {"secrets": ["s3"]}}, 200)
    checks = {check["code"]: check for check in tried["checks"]}
    assert (tried["may_release"], checks["secrets"]["state"]) == (False, "error")
    assert checks["weights"]["offer"] == "download"
    assert checks["image"]["saw"].startswith("vllm/vllm-openai:glm52-cu129 is well-formed. Whether")
    assert admin.post("/deployments/asleep/releases", None, 201)["number"] == 2, "of what is saved"
    Deployment.objects.update(config=Deployment.objects.get().config | {"secrets": ["s3"]})
    assert admin.post(PATH, {"outside": True}, 200)["may_release"] is False
    assert ProviderLook.objects.get().by_name
    refused = admin("post", "/deployments/asleep/releases")
    assert (refused.status_code, refused.json()["code"]) == (409, "outside_refused")
    assert provider.container_requests == 0


@pytest.mark.parametrize(("role", "status"), [(Role.MEMBER, 403), (Role.OPERATOR, 200)])
def test_the_provider_is_asked_for_operators(
    caller: Make, states: States, provider: FakeProvider, role: Role, status: int
) -> None:
    states.asleep()
    assert caller(role)("post", PATH, {"outside": True}).status_code == status
    assert bool(provider.call_log) is (status == 200)


def test_a_dry_run_renders_everything_and_deploys_nothing(caller: Make, states: States) -> None:
    states.asleep()
    tried = caller(Role.VIEWER).post(PATH, {"dry_run": True, "config": {"max_num_seqs": 16}}, 200)["dry_run"]
    assert (tried["release"], tried["against"]) == (2, 1)
    assert tried["changes"] == [{"field": "max_num_seqs", "before": 32, "after": 16}]
    assert tried["argv"][:2] == ["vllm", "serve"]
    assert tried["document"]["argv"] == tried["argv"]
    assert (tried["document"]["release"], tried["secrets"]) == (2, ["huggingface", "vllm-api-key"])
    assert "requires_proxy_auth=True" in tried["module"]
    # 8 x 0.001261 x 3600 = 36.3168; + 8 x 0.0000131 x 3600 + 96 x 0.00000222 x 3600 = 37.461312
    assert (tried["gpu_usd_per_hour"], tried["usd_per_hour"]) == ("36.3168", "37.461312")
    json.dumps(tried["document"])
    deployment = Deployment.objects.get()
    assert deployment.releases.count() == 1
    assert not Deploy.objects.filter(status="pending").exists()


def test_going_back_by_itself_is_set_by_an_admin(caller: Make, states: States) -> None:
    states.asleep()
    admin = caller(Role.ADMIN)
    assert admin.get("/deployments/asleep")["auto_rollback"] is False
    answer = admin("patch", "/deployments/asleep", {"auto_rollback": True})
    assert (answer.status_code, answer.json()["auto_rollback"]) == (200, True)
    operator = caller(Role.OPERATOR)
    assert operator("patch", "/deployments/asleep", {"auto_rollback": False}).status_code == 403


@pytest.mark.parametrize(
    ("is_sandbox", "level", "remote"), [(True, "error", "warning"), (False, "warning", "advice")]
)
def test_code_of_ones_own_is_refused_on_the_panels_own_machine(
    caller: Make, states: States, is_sandbox: bool, level: str, remote: str
) -> None:
    account = states.asleep().account
    account.is_sandbox = is_sandbox
    account.save(update_fields=["is_sandbox"])
    config = {"extra_flags": ["--middleware", "mine.Spy"], "trust_remote_code": True, "revision": None}
    found = caller(Role.ADMIN).post(PATH, {"config": config}, 200)["findings"]
    levels = {one["code"]: one["level"] for one in found}
    assert (levels["loads-code"], levels["unpinned-code"]) == (level, remote)

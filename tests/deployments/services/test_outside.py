"""Looking at the provider before a release: free, bounded, and never a guess."""

import threading
from decimal import Decimal

import pytest

from deployments.models import Budget, Deployment, ProviderLook
from deployments.planning.outside import Check, CheckState
from deployments.planning.power import Role
from deployments.providers.base import AccountFacts, ProviderError
from deployments.services import outside, releases
from deployments.services.errors import Refused
from deployments.services.outside import Look
from deployments.services.releases import checked_spec

from .conftest import Panel, actor

ADMIN = actor(Role.ADMIN)
COSTLY = {"send_wake", "follow_wake", "ping", "warm_up", "deploy", "start_download", "write_secrets"}


def look(panel: Panel, *, limit_s: float = 5.0, **config: object) -> Look:
    deployment = panel.deployment
    return outside.look(deployment, checked_spec(deployment.config | config), actor=ADMIN, limit_s=limit_s)


def found(looked: Look, code: str) -> Check:
    return next(check for check in looked.checks if check.code == code)


def test_a_look_sees_what_is_there_and_what_is_missing_and_changes_nothing(panel: Panel) -> None:
    panel.provider.secrets["huggingface"] = {"HF_TOKEN": "hf_hidden"}
    panel.provider.account = AccountFacts("team", "main", Decimal(500), Decimal("20.5"))
    panel.provider.weights_bytes = 704 * 2**30
    looked = look(panel)
    states = {check.code: check.state for check in looked.checks}
    unknown = [code for code, state in states.items() if state is CheckState.UNKNOWN]
    assert (looked.errors, unknown) == ([], ["image"]), looked.checks
    assert "team" in found(looked, "credentials").saw
    assert "$500.00 this month, of which $20.50" in found(looked, "plan").saw
    assert "vllm-api-key is not there yet; the panel writes it" in found(looked, "secrets").saw
    assert "huggingface holds HF_TOKEN" in found(looked, "variables").saw
    assert "704.0 GiB" in found(looked, "weights").saw
    assert "vllm-cache and flashinfer-cache are not there yet" in found(looked, "volumes").saw
    assert "$36.31" in found(looked, "budget").saw
    assert "hf_hidden" not in repr(looked)
    assert not COSTLY & set(panel.provider.call_log)
    assert panel.provider.container_requests == 0


def test_absent_weights_are_offered_for_their_price(panel: Panel) -> None:
    panel.provider.weights.clear()
    check = found(look(panel), "weights")
    # 1200 s x (4 x 0.0000131 + 16 x 0.00000222) = $0.1055
    assert (check.state, check.offer, check.offer_price) == (CheckState.WARNING, "download", "about $0.11")
    assert "about 20 min for about $0.11" in check.remedy


def test_a_budget_that_does_not_carry_a_start_is_named(panel: Panel) -> None:
    Budget.objects.create(scope="panel", period="month", amount_usd=Decimal(3), set_at=panel.now)
    check = found(look(panel), "budget")
    assert check.state is CheckState.WARNING
    assert "has $3.00 left" in check.saw


def test_refused_credentials_are_an_error_and_the_rest_is_blind(panel: Panel) -> None:
    refused = ProviderError("Token validation failed", permanent=True)
    for method in ("check", "missing_secrets", "weights_facts", "apps", "containers", "missing_volumes"):
        panel.provider.fail_next(method, refused, times=2)
    looked = look(panel)
    assert [check.code for check in looked.errors] == ["credentials"]
    blind = found(looked, "weights")
    assert (blind.state, blind.saw) == (CheckState.UNKNOWN, "Could not look: Token validation failed.")
    panel.provider.fail_next("check", ProviderError("no route", permanent=False), times=2)
    assert found(look(panel), "credentials").state is CheckState.UNKNOWN


def test_one_check_that_hangs_stops_no_other(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    let_go = threading.Event()
    monkeypatch.setattr(panel.provider, "apps", lambda: let_go.wait(30) and [])
    looked = look(panel, limit_s=0.3)
    let_go.set()
    assert found(looked, "app_name").saw == "Could not look: no answer within 0.3 s."
    assert [check.code for check in looked.told if check.state is CheckState.UNKNOWN] == ["image", "app_name"]


def test_an_app_of_somebody_else_and_a_lost_secret_refuse_the_release(panel: Panel) -> None:
    deployment = panel.deployment
    config = deployment.config | {"secrets": ["vllm-api-key", "s3"]}
    releases.save_config(deployment, actor=ADMIN, config=config)
    panel.provider.add_app(panel.app_name, checked_spec(config), slug="", lit=False)
    looked = look(panel)
    assert [check.code for check in looked.errors] == ["secrets", "app_name"]
    with pytest.raises(Refused, match="s3 is not in the environment") as caught:
        releases.create_release(panel.deployment, actor=ADMIN)
    assert (caught.value.code, set(caught.value.fields)) == (
        "outside_refused",
        {"outside.secrets", "outside.app_name"},
    )
    panel.clock.shift(outside.FRESH.total_seconds() + 1)  # an old look is no reason
    assert releases.create_release(panel.deployment, actor=ADMIN).number == 1


def test_only_a_look_at_the_saved_configuration_is_kept(panel: Panel) -> None:
    assert outside.newest(panel.deployment) is None
    assert not look(panel, secrets=["s3"]).current
    assert ProviderLook.objects.count() == 0
    look(panel)
    kept = outside.newest(panel.deployment)
    assert kept is not None
    assert (kept.current, kept.by_name, kept.checks) == (True, "Ada", look(panel).checks)
    Deployment.objects.update(config=panel.deployment.config | {"max_num_seqs": 16})
    again = outside.newest(panel.deployment)
    assert again is not None
    assert not again.current


def test_an_image_that_was_deployed_before_is_known_to_be_built(panel: Panel) -> None:
    panel.start()
    panel.advance(20)
    assert "for release 1" in found(look(panel), "image").saw

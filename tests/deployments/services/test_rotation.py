"""New secrets for an account: what works now goes on working, wherever the provider fails."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from deployments.models import Account, Action, InFlight, Run
from deployments.planning.power import Role
from deployments.providers.base import CredentialsRefused, ProviderError
from deployments.services import account_check, redaction, replaced, requests, retiring, rotation, secrets
from deployments.services.errors import Refused

from .conftest import Panel, actor

ADMIN = actor(Role.ADMIN)
DOWN = ProviderError("Unavailable.", permanent=False)


@pytest.fixture
def account(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> Account:
    """The panel's account, its secrets made, at a provider that knows two token pairs."""

    def provider_for(account: Account) -> Any:
        if account.token_secret not in ("as-x", "as-2"):
            panel.provider.fail_next("check", CredentialsRefused("Token validation failed."))
        return panel.provider

    for module in (account_check, rotation, retiring):
        monkeypatch.setattr(module, "provider_for", provider_for)
    account = panel.deployment.account
    secrets.ensure(account, panel.provider)
    return account


def now(account: Account) -> Account:
    return Account.objects.get(pk=account.pk)


def written(panel: Panel) -> str:
    """The engine's key as it lies at the provider."""
    return panel.provider.secrets["vllm-api-key"]["VLLM_API_KEY"]


def test_a_token_is_dropped_only_for_one_that_the_provider_takes(account: Account) -> None:
    with pytest.raises(Refused, match="does not take this token") as refused:
        rotation.token(account.pk, token_id="ak-bad", token_secret="as-bad", actor=ADMIN)
    assert refused.value.fields.keys() == {"token_secret"}
    assert (now(account).token_id, now(account).token_secret) == ("ak-x", "as-x")
    rotation.token(account.pk, token_id="ak-2", token_secret="as-2", actor=ADMIN)
    assert (now(account).token_id, now(account).token_secret) == ("ak-2", "as-2")
    assert now(account).workspace == "fake"
    line = Action.objects.get(verb="rotate")
    assert line.summary == "Ada changed the API token of Fake."
    assert "as-2" not in f"{line.details}"


def test_a_token_of_another_workspace_is_refused(panel: Panel, account: Account) -> None:
    account_check.check(account, panel.now)
    panel.provider.account = replace(panel.provider.account, workspace="other")
    with pytest.raises(Refused, match="belongs to the workspace other"):
        rotation.token(account.pk, token_id="ak-2", token_secret="as-2", actor=ADMIN)
    assert now(account).token_id == "ak-x"


@pytest.mark.parametrize("lit", ["on its way", "ready"])
def test_the_engine_key_stays_while_a_container_holds_it(panel: Panel, account: Account, lit: str) -> None:
    panel.light() if lit == "ready" else panel.start()
    with pytest.raises(Refused, match=r"GLM-5\.2 FP8 is lit or on the way") as refused:
        rotation.engine_key(account.pk, actor=ADMIN)
    assert refused.value.status == 409
    assert now(account).engine_key == written(panel)


def test_the_engine_key_is_changed_on_both_sides(panel: Panel, account: Account) -> None:
    before = written(panel)
    rotation.engine_key(account.pk, actor=ADMIN)
    assert before != written(panel) == now(account).engine_key
    assert not now(account).secrets_due


def test_the_engine_key_is_not_changed_blindly(panel: Panel, account: Account) -> None:
    panel.provider.fail_next("containers", DOWN)
    with pytest.raises(Refused, match="cannot be read"):
        rotation.engine_key(account.pk, actor=ADMIN)


@pytest.mark.parametrize("deployed", [True, False])
def test_a_key_that_did_not_arrive_is_written_before_anything_is_lit(
    panel: Panel, account: Account, deployed: bool
) -> None:
    if deployed:  # and asleep: the next start deploys nothing
        panel.light()
        requests.sleep(panel.deployment, actor=ADMIN, force=True)
        panel.advance(200, step_s=20)
        assert panel.state() == "asleep"
    panel.provider.fail_next("write_secrets", DOWN)
    said = rotation.engine_key(account.pk, actor=ADMIN)
    assert "does not have it yet" in said
    assert now(account).engine_key != written(panel)
    panel.provider.fail_next("write_secrets", DOWN)
    panel.light(step_s=20)
    assert now(account).engine_key == written(panel)
    assert panel.provider.wake_requests == 1 + deployed


def test_who_puts_it_out_while_a_key_is_written_is_obeyed(
    panel: Panel, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writing takes seconds: the last look before money is spent comes after it."""
    panel.light()
    requests.sleep(panel.deployment, actor=ADMIN, force=True)
    panel.advance(120)
    rotation.engine_key(account.pk, actor=ADMIN)
    Account.objects.update(secrets_written=-1)
    write, asked = panel.provider.write_secrets, panel.provider.wake_requests

    def put_out_meanwhile(values: Any) -> None:
        write(values)
        requests.turn_off(panel.deployment, actor=ADMIN, force=True)

    monkeypatch.setattr(panel.provider, "write_secrets", put_out_meanwhile)
    panel.start()
    panel.tick()
    assert not now(account).secrets_due, "it was written"
    assert panel.provider.wake_requests == asked, "and nothing was lit"


def test_of_two_that_make_a_proxy_token_one_is_left(panel: Panel, account: Account) -> None:
    Account.objects.update(proxy_token_id="", proxy_token_secret="")
    panel.provider.proxy_tokens.clear()
    late, first = now(account), now(account)
    secrets.ensure(first, panel.provider)
    secrets.ensure(late, panel.provider)
    assert panel.provider.proxy_tokens == {now(account).proxy_token_id}


def test_of_two_writers_the_late_one_has_it_written_again(panel: Panel, account: Account) -> None:
    slow, provider = now(account), panel.provider
    real = provider.write_secrets

    def overtaken(values: Any) -> None:
        provider.write_secrets = real  # type: ignore[method-assign]
        rotation.engine_key(account.pk, actor=ADMIN)
        real(values)

    provider.write_secrets = overtaken  # type: ignore[method-assign]
    secrets.write(slow, provider)
    assert now(account).secrets_due
    secrets.write_if_due(now(account), provider)
    assert (now(account).engine_key, now(account).secrets_due) == (written(panel), False)


def test_a_hugging_face_token_comes_and_goes(panel: Panel, account: Account) -> None:
    rotation.huggingface_token(account.pk, token="hf_new", actor=ADMIN)
    assert panel.provider.secrets["huggingface"] == {"HF_TOKEN": "hf_new"}
    panel.provider.fail_next("write_secrets", DOWN)
    with pytest.raises(Refused, match="what worked before still does"):
        rotation.huggingface_token(account.pk, token="", actor=ADMIN)
    assert now(account).huggingface_token == "hf_new"
    rotation.huggingface_token(account.pk, token="", actor=ADMIN)
    assert (now(account).huggingface_token, panel.provider.secrets["huggingface"]) == ("", {"HF_TOKEN": ""})


@pytest.mark.parametrize("step", ["create_proxy_token", "proxy_token_holds"])
def test_a_proxy_token_that_could_not_be_made_changes_nothing(
    panel: Panel, account: Account, step: str
) -> None:
    before = account.proxy_token_id
    panel.provider.fail_next(step, DOWN)
    with pytest.raises(Refused, match="what worked before still does"):
        rotation.proxy_token(account.pk, actor=ADMIN)
    assert now(account).proxy_token_id == before
    assert before in panel.provider.proxy_tokens


def test_the_old_proxy_token_ends_when_nothing_in_flight_holds_it(panel: Panel, account: Account) -> None:
    old, deployment = account.proxy_token_id, panel.deployment
    rotation.proxy_token(account.pk, actor=ADMIN)
    new = now(account).proxy_token_id
    flying = InFlight.objects.create(
        process="gw", deployment=deployment, holder_name="Ben", count=1, updated_at=panel.now
    )
    panel.clock.shift(120)
    InFlight.objects.update(updated_at=panel.now)
    retiring.go_round()
    assert panel.provider.proxy_tokens == {old, new}
    with pytest.raises(Refused, match="not revoked yet"):
        rotation.proxy_token(account.pk, actor=ADMIN)
    flying.delete()
    panel.provider.fail_next("revoke_proxy_token", DOWN)
    retiring.go_round()
    assert (now(account).retire_error, old in panel.provider.proxy_tokens) == ("Unavailable.", True)
    retiring.go_round()
    assert panel.provider.proxy_tokens == {new}
    assert now(account).retired_proxy_token_id == now(account).retire_error == ""


def test_a_new_proxy_token_that_is_not_listed_keeps_the_old_one(panel: Panel, account: Account) -> None:
    rotation.proxy_token(account.pk, actor=ADMIN)
    panel.provider.proxy_tokens.discard(now(account).proxy_token_id)
    retiring.go_round(now=panel.now + timedelta(hours=2))
    assert account.proxy_token_id in panel.provider.proxy_tokens
    assert "does not list the new token" in now(account).retire_error


def test_a_leaked_proxy_token_is_revoked_at_once(panel: Panel, account: Account) -> None:
    rotation.proxy_token(account.pk, actor=ADMIN)
    rotation.proxy_token(account.pk, actor=ADMIN, at_once=True)
    assert panel.provider.proxy_tokens == {now(account).proxy_token_id}
    assert now(account).retired_proxy_token_id == ""
    panel.provider.fail_next("revoke_proxy_token", DOWN)
    assert "not revoked yet" in rotation.proxy_token(account.pk, actor=ADMIN, at_once=True)
    retiring.go_round()
    assert panel.provider.proxy_tokens == {now(account).proxy_token_id}


def test_a_new_proxy_token_that_is_not_used_opens_nothing(
    panel: Panel, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = account.proxy_token_id
    panel.provider.fail_next("proxy_token_holds", DOWN)
    with pytest.raises(Refused):
        rotation.proxy_token(account.pk, actor=ADMIN)
    assert panel.provider.proxy_tokens == {old}
    panel.provider.fail_next("proxy_token_holds", DOWN)
    panel.provider.fail_next("revoke_proxy_token", DOWN)
    with pytest.raises(Refused):
        rotation.proxy_token(account.pk, actor=ADMIN)
    assert {now(account).retired_proxy_token_id, old} == panel.provider.proxy_tokens
    retiring.go_round(now=panel.now)
    assert panel.provider.proxy_tokens == {old}
    Account.objects.update(proxy_token_id="", proxy_token_secret="")
    panel.provider.proxy_tokens.clear()
    monkeypatch.setattr(secrets, "_store", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        secrets.ensure(now(account), panel.provider)
    assert panel.provider.proxy_tokens == set()


def test_a_replaced_secret_is_hidden_in_logs_until_nothing_lit_is_older(
    panel: Panel, account: Account
) -> None:
    rotation.huggingface_token(account.pk, token="hf-first", actor=ADMIN)
    panel.start()
    panel.advance(40)
    old = now(account).proxy_token_secret
    rotation.huggingface_token(account.pk, token="hf-second", actor=ADMIN)
    rotation.proxy_token(account.pk, actor=ADMIN)
    assert {"hf-first", "hf-second", old} < set(redaction.known_secrets(now(account)))
    later = timezone.now() + timedelta(days=2)
    Run.objects.update(first_seen_at=timezone.now() - timedelta(hours=1))
    replaced.forget(later)
    assert "hf-first" in redaction.known_secrets(now(account))
    Run.objects.update(ended_at=later, end_reason="idle")
    replaced.forget(later)
    assert not {"hf-first", old} & set(redaction.known_secrets(now(account)))
    assert now(account).replaced_secrets == ""

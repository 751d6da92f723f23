"""Secrets are written, kept and never shown."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from deployments.admin import accounts
from deployments.models import Account, Action
from deployments.planning.power import Role
from deployments.providers.base import ProviderError
from tests.deployments.pages.states import States

LIST = "/admin/deployments/account/"


@pytest.fixture
def account(states: States) -> Account:
    states.account.token_secret, states.account.huggingface_token = "as-very-secret", "hf_very_secret"
    states.account.save(update_fields=["token_secret", "huggingface_token"])
    return states.account


@pytest.fixture
def admin(browser: Callable[..., Client]) -> Client:
    return browser(Role.ADMIN)


def send(admin: Client, account: Account, **fields: str) -> Any:
    data = {"name": account.name, "provider": "modal", "environment": "main", "token_id": "ak-2"}
    data |= {"region_factor": "1.75"} | fields
    return admin.post(f"{LIST}{account.pk}/change/", data)


def test_stored_secrets_are_not_in_the_page(admin: Client, account: Account) -> None:
    page = admin.get(f"{LIST}{account.pk}/change/").content.decode()
    assert 'name="token_secret"' in page
    assert "very-secret" not in page
    assert "very_secret" not in page
    assert "Set. Leave empty to keep it" in page


def test_empty_secret_keeps_the_old_one(admin: Client, account: Account) -> None:
    assert send(admin, account, token_secret="", huggingface_token="").status_code == 302
    account.refresh_from_db()
    assert (account.token_id, account.token_secret) == ("ak-2", "as-very-secret")
    assert account.huggingface_token == "hf_very_secret"


def test_typed_secret_replaces_the_old_one_and_is_in_no_record(admin: Client, account: Account) -> None:
    send(admin, account, token_secret="as-new-secret")
    account.refresh_from_db()
    assert account.token_secret == "as-new-secret"
    line = Action.objects.get(verb="account")
    assert "token_secret" in line.summary
    assert "as-new-secret" not in f"{line.summary}{line.details}"


def test_refused_form_does_not_give_the_secret_back(admin: Client, account: Account) -> None:
    page = send(admin, account, name="", token_secret="as-new-secret")
    assert page.status_code == 200
    assert "as-new-secret" not in page.content.decode()


@pytest.mark.parametrize(("fails", "said"), [(False, "answers"), (True, "token was revoked")])
def test_only_the_action_asks_the_provider(
    admin: Client, account: Account, monkeypatch: pytest.MonkeyPatch, fails: bool, said: str
) -> None:
    asked: list[str] = []

    class Cloud:
        def check(self) -> None:
            asked.append("check")
            if fails:
                raise ProviderError("The token was revoked.", permanent=True)

    monkeypatch.setattr(accounts, "provider_for", lambda _: Cloud())
    admin.get(f"{LIST}{account.pk}/change/")
    send(admin, account)
    assert asked == []
    data = {"action": "test_connection", "_selected_action": [account.pk]}
    page = admin.post(LIST, data, follow=True).content.decode()
    assert asked == ["check"]
    assert said in page


def test_account_in_use_cannot_be_deleted(admin: Client, account: Account, states: States) -> None:
    states.off()
    assert admin.post(f"{LIST}{account.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Account.objects.filter(pk=account.pk).exists()

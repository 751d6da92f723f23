"""Accounts in the admin site: to look at, without a secret."""

from collections.abc import Callable

import pytest
from django.test import Client

from deployments.admin import accounts
from deployments.models import Account
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


def test_its_page_has_no_secret_and_leads_to_where_it_is_changed(admin: Client, account: Account) -> None:
    page = admin.get(f"{LIST}{account.pk}/change/").content.decode()
    assert f"/settings/accounts/{account.pk}/" in page
    assert "very-secret" not in page
    assert "very_secret" not in page


def test_it_is_neither_changed_nor_added_nor_deleted_there(admin: Client, account: Account) -> None:
    for address in (f"{account.pk}/change/", "add/", f"{account.pk}/delete/"):
        assert admin.post(f"{LIST}{address}", {"name": "x", "post": "yes"}).status_code == 403
    assert Account.objects.get().name == account.name


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
    assert asked == []
    data = {"action": "test_connection", "_selected_action": [account.pk]}
    page = admin.post(LIST, data, follow=True).content.decode()
    assert asked == ["check"]
    assert said in page

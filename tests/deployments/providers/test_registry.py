"""From an account to what acts for it."""

from decimal import Decimal

import pytest

from deployments.models import Account
from deployments.providers.base import ProviderError
from deployments.providers.modal_cloud import ModalProvider
from deployments.providers.registry import credentials_of, provider_for


def account(**changes):
    values = {
        "name": "team",
        "environment": "prod",
        "token_id": "ak-1",
        "token_secret": "as-secret",
        "proxy_token_id": "wk-1",
        "proxy_token_secret": "ws-secret",
        "speed": Decimal(20),
    }
    return Account(**(values | changes))


def test_a_modal_account_gets_the_modal_provider():
    assert isinstance(provider_for(account()), ModalProvider)


def test_credentials_carry_everything_and_show_no_secret():
    credentials = credentials_of(account())
    assert credentials.token_secret == "as-secret"
    assert credentials.speed == Decimal(20)
    assert "secret" not in repr(credentials)


def test_an_unknown_kind_of_provider_is_a_permanent_error():
    with pytest.raises(ProviderError) as caught:
        provider_for(account(provider="elsewhere"))
    assert caught.value.permanent

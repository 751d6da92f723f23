"""The first account and the built-in deployment, at each start of the panel."""

from typing import Any

import pytest
from django.utils import timezone

from deployments.models import Account, Deployment
from deployments.services.defaults import ensure_defaults

SLUG = "glm-5-2-fp8"


def _sandbox(**changes: Any) -> None:
    ensure_defaults(
        **{"token_id": "ak-s", "token_secret": "as-s", "server_url": "http://127.0.0.1:9", "is_sandbox": True}
        | changes
    )


def _modal() -> None:
    ensure_defaults(token_id="ak-real", token_secret="as-real", is_sandbox=False)


@pytest.mark.django_db
def test_a_second_start_takes_the_new_address_and_keeps_what_people_changed() -> None:
    _sandbox()
    Deployment.objects.update(name="Ours")
    _sandbox(server_url="http://127.0.0.1:10")
    assert Account.objects.get().server_url == "http://127.0.0.1:10"
    assert Deployment.objects.get().name == "Ours"


@pytest.mark.django_db
def test_starting_with_a_real_account_moves_what_is_out() -> None:
    _sandbox()
    _modal()
    assert Deployment.objects.get(slug=SLUG).account.name == "Modal"
    _sandbox()
    assert Deployment.objects.get(slug=SLUG).account.is_sandbox


@pytest.mark.django_db
def test_what_somebody_connected_and_moved_by_hand_stays_theirs() -> None:
    _sandbox()
    token = {"token_id": "ak-own", "token_secret": "as-own", "token_changed_at": timezone.now()}
    own = Account.objects.create(name="Modal", **token)
    Deployment.objects.update(account=own)
    _modal()
    assert Deployment.objects.get(slug=SLUG).account == own
    assert Account.objects.get(pk=own.pk).token_secret == "as-own"
    assert Account.objects.get(from_environment=True, is_sandbox=False).token_secret == "as-real"


@pytest.mark.django_db
def test_an_account_of_the_start_may_be_renamed() -> None:
    _modal()
    Account.objects.update(name="Production")
    _modal()
    assert Account.objects.get().name == "Production"


@pytest.mark.django_db
def test_what_is_deployed_stays_where_it_is() -> None:
    _modal()
    Deployment.objects.update(app_id="ap-1")
    _sandbox()
    assert Deployment.objects.get(slug=SLUG).account.name == "Modal"


@pytest.mark.django_db
def test_no_secret_is_in_any_repr() -> None:
    _modal()
    assert "as-real" not in repr(Account.objects.get())
    assert "as-real" not in repr(Account.objects.get().__class__.objects.all())

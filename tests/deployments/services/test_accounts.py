"""Accounts: nothing is kept that the provider did not take, and nothing goes that is still needed."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from deployments.models import Account, Deployment
from deployments.planning.power import Role
from deployments.planning.presets import PRESETS
from deployments.providers.base import CredentialsRefused, NoEnvironment, ProviderError
from deployments.services import account_check, accounts, first_steps, moving, small_server
from deployments.services.accounts import AccountChange, AccountWish
from deployments.services.errors import Refused
from deployments.services.first_steps import Stand, Step
from tests.fakes.provider import FakeProvider

from .conftest import actor

pytestmark = pytest.mark.django_db
ADMIN = actor(Role.ADMIN)
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> FakeProvider:
    fake = FakeProvider(lambda: NOW)
    for module in (account_check, accounts):
        monkeypatch.setattr(module, "provider_for", lambda account: fake)
    return fake


def wish(name: str = "Ours", **changes: str) -> AccountWish:
    return AccountWish(
        **{"name": name, "environment": "main", "token_id": "ak-1", "token_secret": "as-1"} | changes
    )


def deployed_at(account: Account, slug: str = "small", **values: Any) -> Deployment:
    config = PRESETS["qwen3-0-6b"].to_json()
    return Deployment.objects.create(slug=slug, name=slug.title(), account=account, config=config, **values)


@pytest.mark.parametrize(
    ("error", "code", "field"),
    [
        (CredentialsRefused("Token validation failed."), "credentials_refused", "token_secret"),
        (NoEnvironment("There is no environment 'main'."), "no_environment", "environment"),
        (ProviderError("Not on this plan.", permanent=True), "provider_refused", "token_id"),
        (ProviderError("Unavailable.", permanent=False), "unreachable", None),
    ],
)
def test_what_the_provider_refuses_is_not_kept(
    cloud: FakeProvider, error: ProviderError, code: str, field: str | None
) -> None:
    cloud.fail_next("check", error)
    with pytest.raises(Refused) as refused:
        accounts.add(wish(), actor=ADMIN)
    assert (refused.value.code, next(iter(refused.value.fields), None)) == (code, field)
    assert error.message in refused.value.message
    assert not Account.objects.exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"token_id": "as-1", "token_secret": "ak-1"}, "swapped"),
        ({"token_id": "wk-1", "token_secret": "ws-1"}, "proxy token"),
        ({"token_secret": " "}, "Give the secret"),
        ({"name": ""}, "cannot be blank"),
    ],
)
def test_what_cannot_be_a_token_is_said_before_anybody_is_asked(
    cloud: FakeProvider, changes: dict[str, str], said: str
) -> None:
    with pytest.raises(Refused, match=said):
        accounts.add(wish(**changes), actor=ADMIN)
    assert cloud.call_log == []


def test_two_accounts_do_not_look_after_one_environment(cloud: FakeProvider) -> None:
    old = Account.objects.create(name="Old", token_id="ak-0", token_secret="as-0")  # never asked who it is
    with pytest.raises(Refused, match="The account Old looks after environment main of fake already"):
        accounts.add(wish(), actor=ADMIN)
    made = accounts.add(wish(environment="other"), actor=ADMIN)
    assert (made.workspace, Account.objects.get(pk=old.pk).workspace) == ("fake", "fake")
    with pytest.raises(Refused, match="looks after environment main"):
        accounts.change(made.pk, AccountChange(environment="main"), actor=ADMIN)


def test_the_environment_changes_only_while_nothing_is_left_in_it(cloud: FakeProvider) -> None:
    made = accounts.add(wish(), actor=ADMIN)
    Account.objects.update(proxy_token_id="wk-1", proxy_token_secret="ws-1", engine_key="sk-1")
    deployment = deployed_at(made, app_id="ap-1")
    with pytest.raises(Refused, match="Small is still there"):
        accounts.change(made.pk, AccountChange(environment="other"), actor=ADMIN)
    Deployment.objects.filter(pk=deployment.pk).update(app_id="")
    moved = accounts.change(made.pk, AccountChange(environment="other"), actor=ADMIN)
    assert (moved.environment, moved.secrets_due) == ("other", True)
    assert (moved.proxy_token_id, moved.retired_proxy_token_id) == ("", "wk-1")


def test_what_the_panels_start_decides_is_not_changed_here(cloud: FakeProvider, settings: Any) -> None:
    settings.MODAL_TOKEN_ID = "ak-env"
    account = Account.objects.create(name="Modal", token_id="ak-env", from_environment=True)
    with pytest.raises(Refused, match="MODAL_ENVIRONMENT decide this"):
        accounts.change(account.pk, AccountChange(environment="other"), actor=ADMIN)
    changed = accounts.change(account.pk, AccountChange(typed_budget_usd=Decimal(300)), actor=ADMIN)
    assert changed.typed_budget_usd == 300
    with pytest.raises(Refused, match="at each start"):
        accounts.remove(account.pk, actor=ADMIN)


def test_a_deployment_moves_while_it_is_off(cloud: FakeProvider) -> None:
    here, there = (accounts.add(wish(e, environment=e), actor=ADMIN) for e in ("one", "two"))
    deployment = deployed_at(here, app_id="ap-1", weights_present=True)
    with pytest.raises(Refused, match="Turn Small off first"):
        moving.move(deployment, there, actor=ADMIN)
    Deployment.objects.filter(pk=deployment.pk).update(app_id="")
    moved = moving.move(deployment, there, actor=ADMIN)
    assert (moved.account, moved.weights_present) == (there, None)
    with pytest.raises(Refused, match="qwen3-0-6b belongs to another deployment"):
        moving.move(deployed_at(here, "second"), there, actor=ADMIN)


def test_an_account_goes_when_nothing_belongs_to_it(cloud: FakeProvider) -> None:
    made = accounts.add(wish(), actor=ADMIN)
    cloud.proxy_tokens.add("wk-1")
    Account.objects.update(proxy_token_id="wk-1")
    deployment = deployed_at(made)
    with pytest.raises(Refused, match="Small belongs to it"):
        accounts.remove(made.pk, actor=ADMIN)
    deployment.delete()
    accounts.remove(made.pk, actor=ADMIN)
    assert (list(Account.objects.all()), cloud.proxy_tokens) == ([], set())


@pytest.mark.parametrize("who", [Role.VIEWER, Role.MEMBER, Role.OPERATOR])
def test_accounts_are_for_admins(who: Role) -> None:
    with pytest.raises(Refused, match="need an admin"):
        accounts.add(wish(), actor=actor(who))


def test_the_steps_are_read_from_what_is_there(cloud: FakeProvider) -> None:
    def stands(account: Account | None) -> list[Stand]:
        return list(first_steps.steps_of(account).stands.values())

    done, later = Stand.DONE, Stand.LATER
    assert stands(None) == [Stand.NEXT, *[later] * 5]
    made = accounts.add(wish(), actor=ADMIN)
    assert stands(made) == [done, Stand.OPTIONAL, Stand.NEXT, later, later, later]
    Account.objects.update(engine_key="k", proxy_token_id="wk", secrets_written_at=NOW, typed_budget_usd=3)
    made.refresh_from_db()
    assert stands(made) == [done, done, done, Stand.OPTIONAL, Stand.OPTIONAL, Stand.NEXT]
    small = small_server.ensure(made, actor=ADMIN)
    assert small_server.ensure(made, actor=ADMIN) == small
    Deployment.objects.update(weights_present=True)
    assert first_steps.steps_of(made).stands[Step.DOWNLOAD] is done


def test_a_second_small_server_has_a_slug_of_its_own(cloud: FakeProvider) -> None:
    one, two = (accounts.add(wish(e, environment=e), actor=ADMIN) for e in ("one", "two"))
    slugs: Callable[[Account], str] = lambda account: small_server.ensure(account, actor=ADMIN).slug  # noqa: E731
    assert (slugs(one), slugs(two)) == ("qwen3-0-6b", f"qwen3-0-6b-{two.pk}")
    price = small_server.price(one, NOW)
    assert price.minutes_usd is not None
    assert price.minutes_usd < 1

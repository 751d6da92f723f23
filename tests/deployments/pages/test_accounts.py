"""The pages of accounts, and the way from the sandbox to a first server, without JavaScript."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client

from deployments.models import Account, Deployment, Download, Lease
from deployments.planning.power import Role
from deployments.providers.base import AccountFacts, CredentialsRefused
from deployments.services import account_check, accounts, observe, rotation
from tests.deployments.api.callers import keyed
from tests.fakes.provider import FakeProvider

from .states import States

NEW, PAGE = "/settings/accounts/new/", "/settings/accounts/"
TOKEN = {"step": "token", "name": "Ours", "environment": "main", "token_id": "ak-7", "token_secret": "as-7"}
Browser = Callable[..., Client]


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> FakeProvider:
    fake = FakeProvider(lambda: datetime.now(tz=UTC))
    for module in (account_check, accounts, rotation, observe):
        monkeypatch.setattr(module, "provider_for", lambda account: fake)
    return fake


def test_the_way_from_the_sandbox_to_a_first_server(browser: Browser, cloud: FakeProvider) -> None:
    States(datetime.now(tz=UTC), sandbox=True)
    Account.objects.update(server_url="http://127.0.0.1:9")
    admin = browser(Role.ADMIN)
    assert NEW in admin.get("/").content.decode()
    cloud.fail_next("check", CredentialsRefused("Token validation failed."))
    refused = admin.post(NEW, TOKEN)
    assert (refused.status_code, b"does not take this token" in refused.content) == (422, True)
    assert b"as-7" not in refused.content

    here = admin.post(NEW, TOKEN)["Location"]
    assert NEW not in admin.get("/").content.decode()
    admin.post(here, {"step": "budget", "typed_budget_usd": "300", "typed_budget_source": "Modal"})
    admin.post(here, {"step": "keys"})
    admin.post(here, {"step": "huggingface", "huggingface_token": "hf_7"})
    page = admin.get(here).content.decode()
    assert "4 of 6 are done" in page
    assert "hf_7" not in page
    admin.post(here, {"step": "download"})
    assert Download.objects.get().deployment.account.name == "Ours"
    assert "under way" in admin.get(here).content.decode()
    to = admin.post(here, {"step": "start"})
    assert to["Location"] == "/deployments/qwen3-0-6b/start/"
    assert not Lease.objects.exists()
    assert cloud.container_requests == 0


def test_a_budget_that_the_provider_tells_needs_no_typing(browser: Browser, cloud: FakeProvider) -> None:
    cloud.account = AccountFacts("fake", "main", cycle_budget_usd=250, cycle_usage_usd=10)  # type: ignore[arg-type]
    admin = browser(Role.ADMIN)
    page = admin.post(NEW, TOKEN, follow=True).content.decode()
    assert "$250.00 a month, $10.00 of it used; read" in page


def test_an_account_says_what_is_set_and_what_is_wrong(browser: Browser, states: States) -> None:
    states.blind()
    Account.objects.update(huggingface_token="hf_7", secrets_error="It said no.", secrets_version=1)
    page = browser(Role.ADMIN).get(f"{PAGE}{states.account.pk}/").content.decode()
    for words in ("Cannot be read since", "It said no.", "before the next server is lit", "Not set."):
        assert words in page
    assert "hf_7" not in page


def test_the_sandbox_is_marked_on_every_page_about_it(browser: Browser, db: None) -> None:
    made = States(datetime.now(tz=UTC), sandbox=True)
    made.asleep()
    admin, number = browser(Role.ADMIN), made.account.pk
    tabs = ["", "settings/", "runs/", "logs/", "connect/", "chat/", "start/", "schedules/", "metrics/"]
    pages = [f"/deployments/asleep/{tab}" for tab in tabs]
    pages += [PAGE, f"{PAGE}{number}/", f"{PAGE}{number}/rotate/engine_key/", f"{PAGE}{number}/remove/", "/"]
    answers = {page: admin.get(page) for page in pages}
    silent = [
        page
        for page, answer in answers.items()
        if answer.status_code == 200 and b"sandbox" not in answer.content.lower()
    ]
    assert silent == []


def test_a_deployment_moves_by_page_and_by_rest(
    browser: Browser, states: States, cloud: FakeProvider
) -> None:
    states.off()
    other = Account.objects.create(name="Other", environment="other", token_id="ak-2", token_secret="as-2")
    admin = browser(Role.ADMIN, "ada")
    page = admin.post(f"{PAGE}{other.pk}/move-here/", {"deployment": "off"}, follow=True)
    assert "is at Other now" in page.content.decode()
    caller = keyed(Role.ADMIN)
    answer = caller("patch", "/deployments/off", {"account": "Modal"})
    assert (answer.status_code, Deployment.objects.get().account.name) == (200, "Modal")


def test_over_rest_an_account_comes_changes_and_goes(db: None, cloud: FakeProvider) -> None:
    caller = keyed(Role.ADMIN)
    asked = {key: value for key, value in TOKEN.items() if key != "step"}
    made = caller.post("/accounts", asked, 201)
    one = f"/accounts/{made['id']}"
    assert (made["workspace"], "as-7" in f"{made}") == ("fake", False)
    said = caller.post(f"{one}/rotate", {"secret": "engine_key"}, 200)
    assert [s["is_set"] for s in said["account"]["secrets"]] == [True, False, True, False]
    answer = caller("patch", one, {"typed_budget_usd": "300.5", "typed_budget_source": "the invoice"})
    assert b'"budget_usd": "300.5' in answer.content
    assert caller("patch", one, {"token_secret": "as-8"}).status_code == 422
    assert caller.post(f"{one}/check", None, 200)["problems"] == []
    assert caller("delete", one).status_code == 204
    assert caller.get("/accounts")["items"] == []

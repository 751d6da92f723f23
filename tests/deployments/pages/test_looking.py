"""Looking at the provider on pages, before a release; what would be deployed; who is cut off; going back."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from deployments.models import AutoRollback, Deployment, InFlight
from deployments.planning.power import SYSTEM, Role
from deployments.services import outside, releases
from tests.fakes.provider import FakeProvider

from .conftest import HTMX
from .states import States

pytestmark = pytest.mark.django_db
ONE = "/deployments/asleep/"


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> FakeProvider:
    fake = FakeProvider(lambda: datetime.now(UTC))
    monkeypatch.setattr(outside, "provider_for", lambda account: fake)
    return fake


def text(client: Client, path: str, **headers: str) -> str:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_look_is_shown_with_its_time_and_offers_what_mends(
    browser: Callable[..., Client], states: States, provider: FakeProvider
) -> None:
    states.asleep()
    operator = browser(Role.OPERATOR)
    assert "Look at the provider" in text(operator, f"{ONE}settings/")
    assert provider.call_log == [], "a page alone asks nothing"
    fragment = operator.post(f"{ONE}look/", headers=HTMX)
    answer = fragment.content.decode()
    assert answer.startswith('<section class="card outside" id="outside"')
    assert "Download the weights" in answer
    assert "for operator" in answer
    assert "well-formed. Whether its registry has it could not be looked at" in answer
    said = operator.post(f"{ONE}look/", follow=True).content.decode()
    assert "The provider was looked at: 3 to know, 1 could not be seen." in said
    page = text(browser(Role.VIEWER), f"{ONE}settings/")
    assert "The workspace fake lets us in" in page
    assert "Look again" not in page
    assert "Download the weights" not in page
    assert provider.container_requests == 0


def test_a_release_is_looked_at_first_and_refused_with_words(
    browser: Callable[..., Client], states: States, provider: FakeProvider
) -> None:
    made = states.asleep()
    releases.save_config(made, actor=SYSTEM, config=made.config | {"secrets": ["s3"]})
    operator = browser(Role.OPERATOR)
    dialog = text(operator, f"{ONE}releases/new/", **HTMX)
    assert 'hx-trigger="load"' in dialog, "nobody has looked lately: it looks by itself"
    assert "Nobody is cut off: it is not lit." in dialog
    fragment = operator.post(f"{ONE}look/", {"place": "dialog"}, headers=HTMX).content.decode()
    assert 'id="outside-dialog"' in fragment
    assert "s3 is not in the environment." in fragment
    assert "stands in the way" in fragment
    assert 'hx-trigger="load"' not in text(operator, f"{ONE}releases/new/", **HTMX)
    refused = operator.post(f"{ONE}releases/", {"note": "for s3"})
    assert refused.status_code == 409
    page = refused.content.decode()
    assert "The provider would refuse it: s3 is not in the environment." in page
    assert 'value="for s3"' in page
    provider.secrets["s3"] = {}
    operator.post(f"{ONE}look/", headers=HTMX)
    assert "Release 2 is made." in operator.post(f"{ONE}releases/", follow=True).content.decode()


def test_what_would_be_deployed_is_shown_and_nothing_is(
    browser: Callable[..., Client], states: States, provider: FakeProvider, django_assert_max_num_queries: Any
) -> None:
    made = states.asleep()
    releases.save_config(made, actor=SYSTEM, config=made.config | {"max_model_len": 65536})
    viewer = browser(Role.VIEWER)
    with django_assert_max_num_queries(29):
        page = text(viewer, f"{ONE}dry-run/")
    assert "What release 2 would deploy" in page
    assert "- --max-model-len 131072" in page
    assert "huggingface, vllm-api-key" in page
    assert "$36.31/h" in page
    assert "requires_proxy_auth=True" in page
    assert made.releases.count() == 1
    assert provider.call_log == []
    Deployment.objects.update(config=made.config | {"speculative": {"method": "mtp"}, "engine": "none"})
    assert viewer.get(f"{ONE}dry-run/").status_code == 302, "what cannot be rendered leads back with words"


def test_a_release_says_who_uses_what_is_lit(
    browser: Callable[..., Client], states: States, provider: FakeProvider
) -> None:
    made = states.ready()
    InFlight.objects.create(
        process="gateway", deployment=made, holder_name="Ben", count=2, updated_at=states.now
    )
    dialog = text(browser(Role.OPERATOR), "/deployments/ready/releases/new/", **HTMX)
    assert "what is lit goes on with release 1" in dialog
    assert "Ada (keeps it lit), Ben (2 requests in flight)" in dialog


def test_going_back_by_itself_is_switched_by_admins_and_told(
    browser: Callable[..., Client], states: States
) -> None:
    made = states.asleep()
    assert "Go back by itself" not in text(browser(Role.OPERATOR), f"{ONE}settings/")
    admin = browser(Role.ADMIN)
    page = admin.post(f"{ONE}auto-rollback/", {"on": "yes"}, follow=True).content.decode()
    assert "goes back by itself when a release fails" in page
    assert Deployment.objects.get().auto_rollback
    first = made.current_release
    assert first is not None
    failed = releases.create_release(made, actor=SYSTEM)
    back = releases.go_back_to(made, 1, actor=SYSTEM, note="went back")
    AutoRollback.objects.create(
        deployment=made, failed=failed, back_to=first, made=back, at=states.now, reason="boot_died",
        text="ValueError: no room for the cache", redeployed=True, cut_off=["Ben (2 requests waiting)"],
    )  # fmt: skip
    for path in (ONE, f"{ONE}settings/"):
        page = text(admin, path)
        assert "Release 2 did not become ready" in page
        assert (
            "It is deployed again, asleep: nothing was lit by that. Cut off: Ben (2 requests waiting)."
            in page
        )
        assert "no room for the cache" in page
    releases.create_release(made, actor=SYSTEM)
    assert "did not become ready" not in text(admin, ONE), "somebody has decided since"

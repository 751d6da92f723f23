"""Making a release in a browser: the dialog looks at the provider, and says what stands in the way."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from deployments.planning.power import SYSTEM
from deployments.services import outside, releases
from tests.deployments.pages.states import States
from tests.fakes.provider import FakeProvider

from .conftest import Tab
from .test_every_page import ACCESSIBLE


def test_what_stands_in_the_way_is_mended_and_the_release_is_made(
    tab: Callable[..., Tab], states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = FakeProvider(timezone.now)
    monkeypatch.setattr(outside, "provider_for", lambda account: provider)
    made = states.asleep()
    releases.save_config(made, actor=SYSTEM, config=made.config | {"secrets": ["s3"]})
    opened = tab()
    page = opened.open("/deployments/asleep/settings/")
    page.get_by_role("link", name="Make release").click()
    dialog = page.get_by_role("dialog", name="Release 2 of Support drafts")
    expect(dialog.get_by_text("s3 is not in the environment.")).to_be_visible()
    assert page.evaluate(ACCESSIBLE) == []
    provider.secrets["s3"] = {}
    dialog.get_by_label("What is it for?").fill("with s3")
    dialog.get_by_role("button", name="Look again").click()
    expect(dialog.get_by_text("s3 is not in the environment.")).to_be_hidden()
    dialog.get_by_role("button", name="Make release").click()
    expect(page.get_by_text("Release 2 is made.")).to_be_visible()
    assert made.releases.get(number=2).note == "with s3"
    assert provider.container_requests == 0
    assert opened.complaints == []

"""Who may open what. Looking asks nobody but the panel's own database."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import get_resolver

from deployments.pages import urls
from deployments.planning.power import Role
from deployments.providers import registry

from .conftest import HTMX
from .states import States

LOOKING = (
    "/", "/register/", "/burning/", "/activity/", "/deployments/ready/", "/deployments/ready/status/",
    "/deployments/ready/phases/", "/deployments/ready/runs/", "/deployments/ready/logs/",
    "/deployments/ready/logs/tail/", "/deployments/ready/logs/download/", "/deployments/ready/settings/",
)  # fmt: skip
WAKING = ("/deployments/ready/start-dialog/", "/deployments/ready/start/")
OPERATING = ("/deployments/ready/extend/", "/freeze/")


@pytest.fixture(autouse=True)
def no_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 1: whoever makes a provider while a page is shown fails the test."""

    def forbidden(_: object) -> None:
        raise AssertionError("a page asked a provider")

    monkeypatch.setattr(registry, "_PROVIDERS", dict.fromkeys(registry._PROVIDERS, forbidden))


def test_no_page_asks_a_provider(browser: Callable[..., Client], states: States) -> None:
    states.ready()
    client = browser(Role.ADMIN)
    for path in (*LOOKING, *WAKING, *OPERATING):
        assert client.get(path).status_code in (200, 204), path


@pytest.mark.parametrize("path", [*LOOKING, *WAKING, *OPERATING])
def test_stranger_is_sent_to_sign_in(db: None, path: str) -> None:
    assert Client().get(path)["Location"].startswith("/accounts/login/?next=")
    fragment = Client().get(path, headers=HTMX)
    assert fragment["HX-Redirect"].startswith("/accounts/login/")


def test_every_address_asks_for_a_power(db: None) -> None:
    for pattern in urls.urlpatterns:
        view = pattern.callback
        asks = getattr(view, "needed_scope", None)
        assert asks is not None or pattern.name == "theme", pattern
    assert get_resolver() is not None


@pytest.mark.parametrize(
    "path", ["/deployments/no-such/", "/deployments/ready/runs/999/", "/deployments/no-such/logs/"]
)
def test_what_does_not_exist_is_404(browser: Callable[..., Client], states: States, path: str) -> None:
    states.ready()
    assert browser().get(path).status_code == 404


def test_another_deployments_run_is_not_shown(browser: Callable[..., Client], states: States) -> None:
    run = states.ready("one", "One").runs.latest("id")
    states.ready("two", "Two")
    assert browser().get(f"/deployments/two/runs/{run.pk}/").status_code == 404


def test_theme_is_kept_with_the_person(browser: Callable[..., Client], states: States) -> None:
    client = browser()
    assert 'data-theme="' not in client.get("/").content.decode().split("<head")[0]
    response = client.post("/accounts/theme/", {"theme": "dark", "next": "/activity/"})
    assert response["Location"] == "/activity/"
    assert '<html lang="en" data-theme="dark">' in client.get("/").content.decode()
    client.post("/accounts/theme/", {"theme": "green"})
    assert '<html lang="en">' in client.get("/").content.decode()
    assert (
        client.post("/accounts/theme/", {"theme": "dark", "next": "https://evil.example/"})["Location"] == "/"
    )


def test_pages_have_nothing_inline(browser: Callable[..., Client], states: States) -> None:
    """A strict content policy refuses style attributes, style elements and scripts in the page."""
    run = states.ready().runs.latest("id")
    client = browser(Role.ADMIN)
    for path in (*LOOKING[:10], LOOKING[11], *WAKING, *OPERATING, f"/deployments/ready/runs/{run.pk}/"):
        page = client.get(path).content.decode()
        for inline in (' style="', "<style", " onclick=", "javascript:"):
            assert inline not in page, (path, inline)
        assert all("src=" in tag.split(">")[0] for tag in page.split("<script")[1:]), path


def test_settings_show_what_is_deployed_and_no_secret(browser: Callable[..., Client], states: States) -> None:
    states.asleep()
    page = browser(Role.VIEWER).get("/deployments/asleep/settings/").content.decode()
    assert "modal.App(" in page
    assert "&quot;argv&quot;" in page
    assert "export_spec asleep" in page
    assert "703.74 GiB, in the volume" in page
    assert "15 min, about $9.10 each time" in page  # 36.3168 / 4
    assert "Cache for requests 25.9 GiB" in page
    for secret in ("ak-1", "as-1"):
        assert secret not in page

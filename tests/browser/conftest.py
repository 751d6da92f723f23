"""A real browser on a live server, signed in, with every complaint of the browser collected."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from controlpanel.models import User
from controlpanel.roles import give_role
from deployments.planning.power import Role
from deployments.services import following
from tests.deployments.pages.states import States

CHROMIUM = os.environ.get("CHROMIUM_PATH") or shutil.which("chromium")
# Playwright's own loop runs in this thread; Django's guard against queries in a loop does not know that.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
# A machine that does much else may take its time; what never comes still fails.
expect.set_options(timeout=15_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = os.path.dirname(__file__)
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Not for the session: Playwright's loop stays in this thread, and no async test can run beside it."""
    if not CHROMIUM:
        pytest.skip("there is no Chromium here: set CHROMIUM_PATH to one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Tab:
    """A page of somebody signed in. `complaints` are errors of the console and refusals of the policy."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    def hear(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.complaints.append(f"{self.page.url}: {said.text}")


@pytest.fixture
def states(transactional_db: None) -> States:
    """Prices and roles are there: the flush after each such test tells post_migrate, which writes them."""
    return States(timezone.now())


@pytest.fixture(autouse=True)
def short_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test server speaks WSGI and sends a stream when it has ended: it ends at once, and comes again."""
    monkeypatch.setattr(following, "LIFE_S", 0.3)


@pytest.fixture
def tab(chromium: Browser, live_server: Any, states: States) -> Iterator[Callable[..., Tab]]:
    """Open a tab: `tab(Role.OPERATOR, width=390, scheme="dark", scripts=False)`."""
    contexts = []

    def make(
        role: Role = Role.OPERATOR, *, width: int = 1440, scheme: str = "light", scripts: bool = True
    ) -> Tab:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripts,
            reduced_motion="reduce", timezone_id="Europe/Berlin",
        )  # fmt: skip
        contexts.append(context)
        cookie = _session(person(role))
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        opened = Tab(context.new_page(), live_server.url)
        opened.page.set_default_timeout(20_000)
        opened.page.on("console", opened.hear)
        opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        return opened

    yield make
    for context in contexts:
        context.close()


def person(role: Role) -> User:
    user, made = get_user_model().objects.get_or_create(username=role.lower(), defaults={"first_name": "Ada"})
    if made:
        give_role(user, role)
    return user


def _session(user: User) -> str:
    session = SessionStore()
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)

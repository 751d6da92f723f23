"""What a person does with the mouse: sign in, light it, watch, put it out, look at what it cost."""

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from .browser import signed_in
from .panel import Panel

pytestmark = pytest.mark.browser

NAME = "by-mouse"
HERE = f"/deployments/{NAME}/"
BOOT_MS = 60_000


def listen(context: BrowserContext, complaints: list[str]) -> None:
    """Collect what the browser complains about: errors, and refusals of the content policy."""

    def hear(said: ConsoleMessage) -> None:
        if said.type == "error":
            complaints.append(said.text)

    context.on("console", hear)
    context.on("weberror", lambda error: complaints.append(str(error.error)))


def state_is(page: Page, state: str) -> None:
    """The page shows this state before long, by itself."""
    expect(page.locator("#status")).to_have_attribute("data-state", state, timeout=BOOT_MS)


def press(page: Page, name: str) -> None:
    page.locator("#status").get_by_role("button", name=name, exact=True).click()


def test_a_person_lights_it_and_puts_it_out(panel: Panel, chromium: Browser) -> None:
    server = panel.make(NAME)
    complaints: list[str] = []
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(20_000)
    listen(context, complaints)
    page = context.new_page()
    _sign_in_by_link(page, panel)
    page.goto(panel.url + HERE)
    state_is(page, "off")
    page.evaluate("window.neverReloaded = true")
    _start(page)
    seen = _watch_until_ready(page)
    assert seen[-1] == "ready"
    assert "waking" in seen
    assert page.evaluate("window.neverReloaded") is True
    narrow = _on_a_phone(panel, chromium, complaints)
    _log_tail(page, panel)
    page.goto(panel.url + HERE)
    page.evaluate("window.neverReloaded = true")
    press(page, "Sleep")
    state_is(page, "asleep")
    _start(page)
    state_is(page, "ready")
    page.locator("#status summary[aria-label=More]").click()
    press(page, "Turn off")
    state_is(page, "off")
    assert page.evaluate("window.neverReloaded") is True
    state_is(narrow, "off")
    narrow.context.close()
    _runs_and_cost(page, panel)
    context.close()
    assert complaints == []
    assert server.running() == []


def _sign_in_by_link(page: Page, panel: Panel) -> None:
    link = re.search(r"link\s+(http\S+)", panel.output)
    assert link is not None
    page.goto(link.group(1))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{panel.url}/")
    expect(page.get_by_role("link", name=NAME).first).to_be_visible()


def _start(page: Page) -> None:
    press(page, "Start")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("$36.31")
    expect(dialog.get_by_label("Quote")).to_contain_text(re.compile(r"about \$\d"))
    dialog.get_by_role("button", name="Start", exact=True).click()
    expect(dialog).to_be_hidden()


def _watch_until_ready(page: Page) -> list[str]:
    """The states that the open page showed, in order."""
    page.evaluate(
        """() => { window.states = [];
        const note = () => { const now = document.querySelector('#status').dataset.state;
            if (window.states.at(-1) !== now) window.states.push(now); };
        note();
        new MutationObserver(note).observe(document.body, {subtree: true, childList: true, attributes: true});
        }"""
    )
    state_is(page, "ready")
    states: list[str] = page.evaluate("window.states")
    return states


def _on_a_phone(panel: Panel, chromium: Browser, complaints: list[str]) -> Page:
    """Another context, as narrow as a phone: nothing sticks out, and it shows the same."""
    context = signed_in(chromium, panel, width=390)
    listen(context, complaints)
    page = context.new_page()
    for path in ("/", f"{HERE}runs/", f"{HERE}logs/", HERE):
        page.goto(panel.url + path)
        wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wide, f"{path} is wider than the screen"
    state_is(page, "ready")
    return page


def _log_tail(page: Page, panel: Panel) -> None:
    page.goto(f"{panel.url}{HERE}logs/")
    expect(page.locator("#log")).to_contain_text("Application startup complete")
    assert page.locator("#log li").count() > 30


def _runs_and_cost(page: Page, panel: Panel) -> None:
    page.goto(f"{panel.url}{HERE}runs/")
    rows = page.get_by_role("region", name="Runs", exact=True).locator("tbody")
    expect(rows.locator("tr")).to_have_count(2)
    expect(rows).to_contain_text("put to sleep")
    expect(rows).to_contain_text("turned off")
    rows.locator("a").last.click()
    expect(page.locator("main")).to_contain_text(re.compile(r"\$0\.\d\d"))
    expect(page.locator("main")).to_contain_text("Weights")
